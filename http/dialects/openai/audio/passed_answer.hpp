/// @file
/// A transcription from a backend that speaks OpenAI's dialect, in whatever form it was wished.
#pragma once

#include "http/core/body/sse.hpp"
#include "http/dialects/answer_translator.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::http::openai {

/// Passes it on as it came. Texts are held until they are whole, so that half of one never passes
/// for all of it; events go out one by one, and the last one has to be there.
class passed_answer final : public answer_translator {
public:
  /// @param max_event_bytes of one event @param events the client wishes a stream
  passed_answer(std::size_t max_event_bytes, bool events)
      : scanner_(max_event_bytes), wished_events_(events) {}

  progress begin(const response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;
  void broken(std::string& out, response_detail detail, std::string_view message) override;
  bool may_keep_alive() const override { return events_; }
  bool promises_events() override { return wished_events_; }
  std::optional<told_error> reported() const override { return told_; }

private:
  progress on_event(const sse_event& event, std::string_view raw, std::string& out);

  sse_scanner scanner_;
  std::string type_;
  std::string text_; ///< all of it, or what is left of events
  std::optional<told_error> told_;
  bool wished_events_;
  bool events_ = false;
  bool json_ = false;
  bool done_ = false;
};

} // namespace synapse::http::openai
