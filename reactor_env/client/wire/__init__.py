"""Sans-IO codecs of Reactor's data-channel protocols: bytes in, typed values out."""
