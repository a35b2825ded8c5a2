#pragma once

#include "backends/engine/programs.hpp"
#include "backends/engine/turnstile.hpp"
#include "backends/recognition/recognizer.hpp"
#include "backends/speech/synthesizer.hpp"
#include "backends/web/fastapi_service.hpp"
#include "backends/web/form.hpp"

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

struct speaches_options {
  engine_programs programs;
  std::string speech_model = "speaches-ai/Kokoro-82M-v1.0-ONNX";
  std::string recognition_model = "Systran/faster-whisper-small";
  std::chrono::milliseconds load_time{0}; ///< what the first use of a model waits longer
  std::vector<std::string> api_keys;
};

/// Speaches, speaking with flite and hearing with pocketsphinx.
class speaches final : public fastapi_service {
public:
  explicit speaches(speaches_options options);

  std::string_view name() const override { return "speaches"; }
  std::vector<std::string> notices() const override { return missing_; }
  bool takes_faults() const override { return true; }
  asio::awaitable<void> handle(const request& in, exchange& out) override;

private:
  struct wanted_speech;

  void add_lists();
  void check_key(const request& in) const;
  std::string installed(const std::string& asked, bool speech) const;
  json entry(bool speech) const;
  json models(std::string_view task) const;
  json voices() const;
  response one_model(const std::string& id) const;
  asio::awaitable<void> speak_aloud(const request& in, exchange& out);
  asio::awaitable<void> send_speech(exchange& out, wanted_speech what);
  asio::awaitable<void> broken_speech(exchange& out, std::string type);
  asio::awaitable<void> transcribe(const request& in, exchange& out);
  asio::awaitable<transcript> hear(const form_part& file, exchange& out);
  asio::awaitable<void> stream_text(const transcript& heard, exchange& out);
  asio::awaitable<void> load(const std::string& model, exchange& out);

  speaches_options options_;
  std::vector<std::string> missing_;
  std::set<std::string> loaded_;
  turnstile hearing_;
};

} // namespace synapse::backends
