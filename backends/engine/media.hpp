#pragma once

#include "backends/engine/private_folder.hpp"
#include "backends/engine/programs.hpp"
#include "backends/engine/stop_signal.hpp"
#include "backends/engine/wav.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// An engine did not do its work; what() says which one and why.
class engine_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Sound of any usual format through ffmpeg. Blocks; used on worker threads.
class media {
public:
  /// @param stop must outlive this
  media(const engine_programs& programs, const stop_signal& stop)
      : programs_(programs), stop_(stop) {}

  /// @returns the file's first sound track, mixed to one channel. @throws engine_error
  sound decode(const std::string& file, unsigned rate) const;

  /// Runs ffmpeg on one file of unknown origin: only local files, only formats of sound.
  /// @param arguments between the input and the output, e.g. a filter
  /// @throws engine_error
  void transcode(const std::string& from, const std::vector<std::string>& arguments,
                 const std::string& to) const;

private:
  std::vector<std::string> input_arguments(const std::string& file) const;
  std::string run(std::vector<std::string> arguments) const;

  const engine_programs& programs_;
  const stop_signal& stop_;
};

} // namespace synapse::backends
