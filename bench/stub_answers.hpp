/// @file
/// What the stub backend says, prepared once as complete bytes so that answering costs one write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::bench {

/// The only model the stub claims to have; its `/models` shows it as loaded.
inline constexpr std::string_view stub_model = "bench-model";

/// Largest body of `GET /blob` and the most numbers of one embedding.
inline constexpr std::size_t max_blob = 1024 * 1024;
inline constexpr std::size_t max_dimensions = 65'536;

/// A whole HTTP answer with Content-Length.
std::string whole_answer(int status, std::string_view type, std::string_view body);

/// `GET /health`, the answer of an OpenAI-style non-stream chat (a body of exactly 1024 bytes), the
/// model list of a llama.cpp router, the answer to load and unload, 404, and two kinds of 400.
struct fixed_answers {
  std::string health;
  std::string chat;
  std::string models;
  std::string success;
  std::string not_found;
  std::string too_large;
  std::string broken_form;
};
const fixed_answers& answers();

/// `POST /v1/embeddings` with one vector; the body grows by 11 bytes per number.
/// @param dimensions  1 to `max_dimensions`
std::string embedding_answer(std::size_t dimensions);

/// `POST /transcribe`: a transcription that also says how many bytes the recording had.
std::string transcription_answer(std::uint64_t file_bytes);

/// A body's piece as an HTTP chunk.
std::string http_chunk(std::string_view payload);

/// The pieces of a streamed chat in llama.cpp's shape, each already framed as an HTTP chunk.
class stream_pieces {
public:
  stream_pieces();

  /// Response head plus the role event (`content` null).
  const std::string& opening() const { return opening_; }
  /// A content event whose text carries the time `sent_ns`; valid until the next call.
  std::string_view content(std::uint64_t sent_ns);
  /// Finish event, `[DONE]` and the end of the body; with usage, its event before `[DONE]`.
  const std::string& closing(bool usage) const { return usage ? closing_usage_ : closing_; }

private:
  static constexpr std::size_t digits_ = 20;

  std::string opening_;
  std::string content_;
  std::size_t stamp_at_ = 0;
  std::string closing_;
  std::string closing_usage_;
};

} // namespace synapse::bench
