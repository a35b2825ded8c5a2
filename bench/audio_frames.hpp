/// @file
/// Streamed speech between stub and load generator: a WAV head and frames of 20 ms, each with the
/// time at which it was sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace synapse::bench {

/// 24 kHz, one channel of 16 bits, as speech models give it: 20 ms are 480 samples.
inline constexpr std::uint32_t audio_rate = 24'000;
inline constexpr std::size_t frame_bytes = 960;
inline constexpr std::size_t wav_head_bytes = 44;
/// What the size fields say while nobody knows how long the recording will be.
inline constexpr std::uint32_t unknown_size = 0xFFFFFFFF;

/// The head of a WAV recording of 16-bit samples, mono, at `audio_rate`.
/// @param data_bytes  of the samples, or `unknown_size`
std::string wav_head(std::uint32_t data_bytes);

/// The pieces of a streamed recording, each already framed as an HTTP chunk.
class audio_pieces {
public:
  audio_pieces();

  /// Response head plus the WAV head.
  const std::string& opening() const { return opening_; }
  /// A frame whose first 8 bytes carry the time `sent_ns`; valid until the next call.
  std::string_view frame(std::uint64_t sent_ns);
  /// The end of the body.
  std::string_view closing() const { return "0\r\n\r\n"; }

private:
  std::string opening_;
  std::string frame_;
  std::size_t stamp_at_ = 0;
};

/// Splits a body of the stub's, in pieces of any size, into frames and checks every byte of it.
class frame_scanner {
public:
  using sink = std::function<void(std::uint64_t sent_ns)>;

  /// Calls `on_frame` with the send time of every frame that `bytes` completes. After a byte that
  /// the stub does not send, `broken()` holds and nothing more is delivered.
  void feed(std::string_view bytes, const sink& on_frame);
  bool broken() const { return broken_; }
  /// The head has come, and nothing since the last whole frame: a body may end here.
  bool between_frames() const { return head_seen_ && part_.empty() && !broken_; }
  void reset() { *this = frame_scanner{}; }

private:
  std::string part_; ///< of the head, or of a frame
  bool head_seen_ = false;
  bool broken_ = false;
};

} // namespace synapse::bench
