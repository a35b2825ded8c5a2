/// @file
/// Receives voice files: from a multipart body, while it arrives, to files of an upload's folder.
#pragma once

#include "actors/protocol/voice_messages.hpp"
#include "http/api/forms/form_input.hpp"
#include "http/core/body/wav_header.hpp"
#include "http/net/blocking_pool.hpp"
#include "http/net/file_sink.hpp"
#include "http/server/exchange/exchange.hpp"

#include <optional>
#include <string>
#include <vector>

namespace synapse::api {

/// Bounds of an upload, as clients rely on them.
inline constexpr std::size_t max_voice_files = 10;
inline constexpr std::uint64_t min_voice_file_bytes = 44;
inline constexpr std::uint64_t max_voice_file_bytes = 50 * 1024 * 1024;
/// Of a whole form: all files, and more than enough for names, headers and what is read over.
inline constexpr std::uint64_t max_voice_form_bytes = (max_voice_files + 2) * max_voice_file_bytes;

/// Reads the body of one exchange. Holds two buffers of a file_sink,
/// however large the upload is. On the exchange's thread.
class voice_upload {
public:
  voice_upload(net::blocking_pool& blocking, server::exchange& exchange, std::string_view boundary,
               std::string directory);

  enum class outcome { complete, refused, gone };
  /// `complete`: all files are on disk, closed and sound. `refused`: see `why`. `gone`: the client
  /// has left. In all cases nothing writes into the directory any more.
  net::task<outcome> receive();

  const refusal& why() const noexcept { return why_; }
  bool has_name() const noexcept { return has_name_; }
  const std::string& name() const noexcept { return name_; }
  const std::vector<actors::voice_file>& files() const noexcept { return files_; }

private:
  enum class target { nothing, name, file };
  enum class progress {
    done,   ///< with what there was
    wait,   ///< until the sink has written; then `go_on`
    refused ///< see `why_`
  };
  progress refuse(refusal reason);
  progress refuse_file(const std::string& reason);
  // Plain functions: a coroutine per piece would be a frame per piece, and where calls are not
  // turned into jumps (sanitizer builds) a deeper stack as well.
  progress take(form_input::step what, std::string_view data);
  progress go_on();
  progress begin_part();
  progress take_data(std::string_view data);
  progress take_name(std::string_view data);
  progress look_at_header(std::string_view data);
  progress end_part();
  net::task<void> let_go();

  net::blocking_pool& blocking_;
  server::exchange& ex_;
  form_input input_;
  std::string directory_;
  target target_ = target::nothing;
  net::local_ptr<net::file_sink> sink_;
  std::string_view unwritten_; ///< data of the current file that the sink has not taken yet
  bool closing_ = false;       ///< the current file is complete and being written to its end
  std::string shown_name_;     ///< of the current file, for people
  http::wav_scanner wav_;      ///< has seen the current file as far as it has come
  bool has_name_ = false;
  std::string name_;
  std::vector<actors::voice_file> files_;
  refusal why_;
};

} // namespace synapse::api
