/// @file
/// The upload load: many large forms side by side, written as fast as they are taken.
#pragma once

#include "bench/load_result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <netinet/in.h>
#include <string>
#include <string_view>

namespace synapse::bench {

/// A request with a form that carries one WAV recording, of which only the beginning, the end and
/// one block of samples exist: however many connections send it, it takes as much memory as one.
class prepared_upload {
public:
  /// @param target  for the Host field. @param file_bytes  of the recording, its head included: at
  /// least that head, below 4 GiB. @param samples  what the recording repeats; outlives this
  prepared_upload(std::string_view target, std::string_view path, std::uint64_t file_bytes,
                  std::string_view samples);

  std::uint64_t size() const { return front_.size() + sample_bytes_ + back_.size(); }
  std::uint64_t file_bytes() const { return file_bytes_; }
  /// The longest piece there is in memory of what comes from `offset` on; empty at the end.
  std::string_view at(std::uint64_t offset) const;

private:
  std::string front_;
  std::string back_;
  std::string_view samples_;
  std::uint64_t file_bytes_;
  std::uint64_t sample_bytes_;
};

/// Noise: every byte value, as recordings have them, and the same at each call.
std::string noise(std::size_t bytes);

struct upload_plan {
  sockaddr_in address{};
  std::string target;
  std::string path;
  unsigned uploads = 50; ///< side by side, each on its own connection
  std::uint64_t file_bytes = 100'000'000;
  std::uint64_t warmup_bytes = 64 * 1024; ///< a form before, that opens connections all the way
  std::chrono::nanoseconds limit{std::chrono::seconds{60}}; ///< of the whole run
};

/// Runs the plan on the calling thread. Whole is an upload whose answer has status 200 and says
/// `"bytes":` with the recording's size. @param on_window  called after the warm-up
upload_result run_uploads(const upload_plan& plan, const std::function<void()>& on_window);

} // namespace synapse::bench
