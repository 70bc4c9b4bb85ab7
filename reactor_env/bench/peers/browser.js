// The page of browser.py; stamp.js is before it. Python calls its functions over DevTools.
// Times are performance.now(), in milliseconds.
"use strict";

const video = document.createElement("video");
video.muted = video.autoplay = video.playsInline = true;

const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const wanted = { small: false, pauseMs: 0 };
const notes = { frames: [], small: [], sent: [] };
let connection, control, data, seen = false, onPicture = null;

// Returns the RGBA pixels of what a <video> or a VideoFrame shows.
function pixels(source, width, height) {
  const canvas = context.canvas;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  context.drawImage(source, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

function observeSmall(source) {
  pixels(source, SMALL_WIDTH, SMALL_HEIGHT);
  notes.small.push(performance.now());
}

// Takes a frame's pixels, which it began to read then.
function observe(rgba, width, height, began) {
  const now = performance.now();
  if (onPicture) return onPicture(rgba, width, height);
  const stamp = readStamp(rgba, width, height);
  if (seen) {
    const { number, clockUs, action } = stamp ?? { number: -1, clockUs: 0, action: 0 };
    notes.frames.push([now, number, clockUs, action, now - began]);
  } else if (stamp) {
    seen = true;
    framed(String(now));
  }
}

// Reads what the page shows.
function readVideo(track) {
  document.body.append(video);
  video.srcObject = new MediaStream([track]);
  const wait = () => video.requestVideoFrameCallback(onFrame);
  const onFrame = () => {
    const began = performance.now();
    const { videoWidth: width, videoHeight: height } = video;
    if (wanted.small) observeSmall(video);
    else observe(pixels(video, width, height), width, height, began);
    if (wanted.pauseMs && !wanted.small) setTimeout(wait, wanted.pauseMs);
    else wait();
  };
  wait();
}

// Reads what comes, without showing it; of frames that nobody has read yet the newest is kept.
async function readTrack(track) {
  const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 }).readable.getReader();
  let rgba = new Uint8Array(0);
  for (;;) {
    const { value: frame, done } = await reader.read();
    if (done) return;
    const began = performance.now();
    if (wanted.small) {
      observeSmall(frame);
    } else {
      const { width, height } = frame.visibleRect;
      if (rgba.length !== 4 * width * height) rgba = new Uint8Array(4 * width * height);
      await frame.copyTo(rgba, { format: "RGBA" });
      observe(rgba, width, height, began);
    }
    frame.close();
    if (wanted.pauseMs && !wanted.small) await new Promise((go) => setTimeout(go, wanted.pauseMs));
  }
}

// Returns the offer and the section of the video in it.
async function offer(read) {
  connection = new RTCPeerConnection();
  control = connection.createDataChannel("control");
  data = connection.createDataChannel("data");
  const transceiver = connection.addTransceiver("video", { direction: "recvonly" });
  read(transceiver.receiver.track);
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== "complete")
    await new Promise((done) => { connection.onicegatheringstatechange = done; });
  return { sdp: connection.localDescription.sdp, mid: transceiver.mid };
}

// Takes the answer, and returns when commands can be sent.
async function accept(sdp, resume) {
  const opened = [control, data].map((one) => new Promise((done) => { one.onopen = done; }));
  await connection.setRemoteDescription({ type: "answer", sdp });
  await Promise.all(opened);
  control.send(resume);
}

function act(sequence, message) {
  notes.sent.push([sequence, performance.now()]);
  data.send(message);
}

// Returns the next full-size frame, its RGBA pixels as a data URL.
function picture() {
  return new Promise((done) => {
    onPicture = (rgba, width, height) => {
      onPicture = null;
      const file = new FileReader();
      file.onload = () => done({ width, height, url: file.result });
      file.readAsDataURL(new Blob([rgba]));
    };
  });
}

async function statistics() {
  const found = { bytes: 0, nacks: 0, plis: 0 };
  for (const one of (await connection.getStats()).values()) {
    if (one.type === "transport") found.bytes += one.bytesReceived;
    if (one.type === "inbound-rtp") Object.assign(found, { nacks: one.nackCount, plis: one.pliCount });
  }
  return found;
}
