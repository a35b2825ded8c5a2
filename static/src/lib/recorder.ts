// A recording of the microphone as a WAV file, made in the browser: every backend reads that.

declare const RECORDER_WORKLET_URL: string;

type Piece = { samples: Float32Array; last: boolean };

/** 16-bit PCM, one channel. */
export function encodeWav(pieces: Float32Array[], sampleRate: number): Blob {
  const count = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const view = new DataView(new ArrayBuffer(44 + count * 2));
  const text = (at: number, value: string) => {
    for (let i = 0; i < value.length; i += 1) view.setUint8(at + i, value.charCodeAt(i));
  };
  text(0, 'RIFF');
  view.setUint32(4, 36 + count * 2, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, count * 2, true);
  let at = 44;
  for (const piece of pieces)
    for (const sample of piece) {
      const limited = Math.max(-1, Math.min(1, sample));
      view.setInt16(at, limited < 0 ? limited * 0x8000 : limited * 0x7fff, true);
      at += 2;
    }
  return new Blob([view.buffer], { type: 'audio/wav' });
}

export type Recording = { stop: () => Promise<File>; cancel: () => void };

/** Why a microphone cannot be had, in words that tell what to do. */
export function microphoneProblem(error: unknown): string {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError')
    return 'The browser does not allow this page to use the microphone.';
  if (name === 'NotFoundError') return 'There is no microphone.';
  if (!window.isSecureContext)
    return 'Browsers allow the microphone on https:// pages and on localhost only.';
  return `The microphone cannot be used: ${error instanceof Error ? error.message : String(error)}`;
}

/** @param onLevel told the loudness, 0 to 1, and the seconds so far, ten times a second */
export async function startRecording(
  onLevel: (level: number, seconds: number) => void,
): Promise<Recording> {
  if (!navigator.mediaDevices) throw new Error('this page has no access to media devices');
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const context = new AudioContext();
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    void context.close();
  };
  try {
    await context.audioWorklet.addModule(RECORDER_WORKLET_URL);
  } catch (error) {
    close();
    throw error;
  }
  const node = new AudioWorkletNode(context, 'synapse-recorder', { numberOfOutputs: 0 });
  const pieces: Float32Array[] = [];
  let count = 0;
  let ended: () => void = () => undefined;
  node.port.onmessage = ({ data }: MessageEvent<Piece>) => {
    pieces.push(data.samples);
    count += data.samples.length;
    let peak = 0;
    for (const sample of data.samples) peak = Math.max(peak, Math.abs(sample));
    onLevel(peak, count / context.sampleRate);
    if (data.last) ended();
  };
  context.createMediaStreamSource(stream).connect(node);
  return {
    cancel: close,
    stop: async () => {
      const finished = new Promise<void>((resolve) => {
        ended = resolve;
      });
      node.port.postMessage('end');
      await finished;
      const wav = encodeWav(pieces, context.sampleRate);
      close();
      const stamp = new Date().toISOString().slice(0, 19).replace(/[T:]/g, '-');
      return new File([wav], `recording-${stamp}.wav`, { type: 'audio/wav' });
    },
  };
}
