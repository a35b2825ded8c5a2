// Runs on the audio thread: hands the microphone's samples over in pieces of a tenth of a second.

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: unknown): void;

class RecorderProcessor extends AudioWorkletProcessor {
  private piece = new Float32Array(Math.round(sampleRate / 10));
  private filled = 0;

  constructor() {
    super();
    // What is left over must not be lost when a recording ends.
    this.port.onmessage = () => {
      this.port.postMessage({ samples: this.piece.slice(0, this.filled), last: true });
      this.filled = 0;
    };
  }

  process(inputs: Float32Array[][]): boolean {
    for (const sample of inputs[0]?.[0] ?? []) {
      this.piece[this.filled] = sample;
      this.filled += 1;
      if (this.filled === this.piece.length) {
        this.port.postMessage({ samples: this.piece.slice(), last: false });
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor('synapse-recorder', RecorderProcessor);

export {};
