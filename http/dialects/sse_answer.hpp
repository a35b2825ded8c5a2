/// @file
/// A backend's stream of events, read event by event on its way through a translator.
#pragma once

#include "http/core/body/sse.hpp"
#include "http/dialects/answer_translator.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace synapse::http {

/// Takes an event stream apart; what its events mean, and whether its end is a good one, is for
/// those who derive from it.
class sse_answer : public answer_translator {
public:
  /// @param max_event_bytes of one event
  explicit sse_answer(std::size_t max_event_bytes) : scanner_(max_event_bytes) {}

  progress begin(const response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  /// That of an event stream.
  head client_head() const override;
  bool may_keep_alive() const override { return true; }
  bool promises_events() override { return true; }

protected:
  /// A whole event, comments too. @param raw its bytes. What follows one that is not `more` is not
  /// looked at.
  virtual progress on_event(const sse_event& event, std::string_view raw, std::string& out) = 0;
  /// At the stream's end: what lacks the blank line behind it, which is often forgotten.
  /// @returns false when there is nothing
  bool unterminated(sse_event& event);
  /// Its bytes, with that blank line.
  std::string completed() const { return buffer_ + "\n\n"; }

private:
  sse_scanner scanner_;
  std::string buffer_;
};

} // namespace synapse::http
