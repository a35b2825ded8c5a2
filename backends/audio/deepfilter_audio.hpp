#pragma once

#include "backends/audio/deep_filter_net.hpp"
#include "backends/engine/programs.hpp"
#include "backends/web/fastapi_service.hpp"
#include "backends/web/unverified.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

struct deepfilter_options {
  engine_programs programs;
  unverified_shape shape;
  /// DeepFilterNet's library and model; both empty: ffmpeg's filter.
  std::string library;
  std::string model;
};

/// The reference project's deepfilter-audio: less noise, other formats.
class deepfilter_audio final : public fastapi_service {
public:
  explicit deepfilter_audio(deepfilter_options options);

  std::string_view name() const override { return "deepfilter-audio"; }
  std::vector<std::string> notices() const override;

protected:
  response unexpected(std::string_view what) const override;

private:
  asio::awaitable<void> denoise(const request& in, exchange& out);
  asio::awaitable<void> convert(const request& in, exchange& out);
  asio::awaitable<void> send_audio(std::string bytes, std::string_view format, exchange& out);

  std::string denoised(std::string_view data, const stop_signal& stop) const;

  deepfilter_options options_;
  std::vector<std::string> missing_;
  std::unique_ptr<deep_filter_net> network_;
  std::string no_network_; ///< why there is none though one was wanted
};

} // namespace synapse::backends
