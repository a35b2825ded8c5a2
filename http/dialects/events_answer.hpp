/// @file
/// A stream of events with a last one of its own, on its way from a backend to the client.
#pragma once

#include "http/core/body/sse.hpp"
#include "http/dialects/answer_translator.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace synapse::http {

/// Reads the events of a stream whose last one is called `done`. One that ends without it is
/// broken.
class events_answer : public answer_translator {
public:
  /// @param max_event_bytes of one event.
  explicit events_answer(std::size_t max_event_bytes) : scanner_(max_event_bytes) {}

  progress begin(const response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;
  bool may_keep_alive() const override { return true; }
  bool promises_events() override { return true; }

protected:
  /// A whole event, comments too. @param raw its bytes.
  virtual progress on_event(const sse_event& event, std::string_view raw, std::string& out) = 0;

private:
  sse_scanner scanner_;
  std::string buffer_;
  std::size_t begin_ = 0; ///< of what the scanner has not reported
  bool done_ = false;
};

} // namespace synapse::http
