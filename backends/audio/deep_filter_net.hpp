#pragma once

#include "backends/engine/stop_signal.hpp"
#include "backends/engine/wav.hpp"

#include <memory>
#include <string>

namespace synapse::backends {

/// DeepFilterNet through its C interface, from a library that the operator brings. Any thread; one
/// recording at a time and object.
class deep_filter_net {
public:
  /// @param library path of libdeepfilter.so
  /// @param model path of the model's archive
  /// @param problem set to a sentence if the result is null
  static std::unique_ptr<deep_filter_net> load(const std::string& library, const std::string& model,
                                               std::string& problem);
  ~deep_filter_net();
  deep_filter_net(const deep_filter_net&) = delete;
  deep_filter_net& operator=(const deep_filter_net&) = delete;

  /// @returns the recording with less noise and the same length. @pre from.rate is 48000
  /// @throws engine_error if it was stopped or there is no memory
  sound denoise(const sound& from, const stop_signal& stop) const;

private:
  struct interface;
  explicit deep_filter_net(std::unique_ptr<interface> calls);

  std::unique_ptr<interface> calls_;
};

} // namespace synapse::backends
