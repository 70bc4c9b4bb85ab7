"""Learned world models, served live: a picture model, a memory of what follows, and what ends it.

A convolutional autoencoder turns 64x64 pictures into a few numbers (*latent*), a recurrent network
with a mixture density draws how they change under an action (Ha & Schmidhuber 2018,
arXiv:1803.10122). Trained with torch (:mod:`~reactor_env.worlds.dream.train`), served with NumPy
alone (:mod:`~reactor_env.worlds.dream.numpy_model`).
"""
