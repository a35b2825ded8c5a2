#pragma once

#include "backends/engine/programs.hpp"
#include "backends/engine/turnstile.hpp"
#include "backends/speech/reference_store.hpp"
#include "backends/speech/synthesizer.hpp"
#include "backends/web/fastapi_service.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

struct chatterbox_options {
  engine_programs programs;
  /// Nothing is answered while a text is spoken, as the real server does it.
  bool blocks_while_speaking = true;
  /// Connections are refused for that long after the start.
  std::chrono::milliseconds load_time{0};
  bool load_fails = false;   ///< the server starts, and every synthesis is a 503
  bool check_uploads = true; ///< refuse what is no sound when it is uploaded, not only when used
};

/// Chatterbox-TTS-Server, speaking with flite and espeak-ng.
class chatterbox_tts final : public fastapi_service {
public:
  explicit chatterbox_tts(chatterbox_options options);

  std::string_view name() const override { return "chatterbox-tts"; }
  asio::awaitable<void> handle(const request& in, exchange& out) override;
  std::vector<std::string> notices() const override;
  std::chrono::milliseconds closed_at_start() const override { return options_.load_time; }
  response loading_answer() const override;

private:
  struct wanted;

  void add_state_routes();
  asio::awaitable<void> tts(const request& in, exchange& out);
  asio::awaitable<void> speech(const request& in, exchange& out);
  asio::awaitable<void> upload(const request& in, exchange& out, bool predefined);
  asio::awaitable<std::string> synthesize(wanted& what, exchange& out);
  asio::awaitable<std::string> check_upload(const reference_store& store, const std::string& name,
                                            exchange& out);
  wanted read_tts(const request& in) const;
  wanted read_speech(const request& in) const;
  void choose_voice(wanted& what, const std::string& file, const reference_store& store,
                    bool shipped_too) const;
  std::string speak_now(wanted& what, const stop_signal& stop) const;
  response upload_answer(std::size_t files, json kept, json errors, bool predefined) const;
  void require_model() const;
  json predefined_list() const;
  json initial_data() const;
  json model_info() const;

  chatterbox_options options_;
  std::vector<std::string> missing_;
  bool loaded_;
  reference_store references_;
  reference_store more_voices_;
  turnstile turns_;
};

} // namespace synapse::backends
