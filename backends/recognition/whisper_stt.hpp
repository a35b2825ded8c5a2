#pragma once

#include "backends/engine/programs.hpp"
#include "backends/engine/turnstile.hpp"
#include "backends/recognition/recognizer.hpp"
#include "backends/web/fastapi_service.hpp"
#include "backends/web/form.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

struct whisper_options {
  engine_programs programs;
  std::string model = "pocketsphinx-en-us";
  std::chrono::milliseconds load_time{0}; ///< what the first request waits longer
  std::chrono::milliseconds ping_interval{15'000};
};

/// The reference project's whisper-stt, recognizing English with pocketsphinx.
class whisper_stt final : public fastapi_service {
public:
  explicit whisper_stt(whisper_options options);

  std::string_view name() const override { return "whisper-stt"; }
  std::vector<std::string> notices() const override { return missing_; }

private:
  class pinger;

  asio::awaitable<void> transcribe(const request& in, exchange& out);
  asio::awaitable<void> detect(const request& in, exchange& out);
  asio::awaitable<void> stream(const request& in, exchange& out);
  asio::awaitable<transcript> hear(const form_part& file, exchange& out);
  asio::awaitable<void> load(exchange& out);
  void check_language(const std::string& code) const;

  whisper_options options_;
  std::vector<std::string> missing_;
  turnstile turns_;
  bool loaded_ = false;
};

} // namespace synapse::backends
