/// @file
/// A stream of events with a last one of its own, on its way from a backend to the client.
#pragma once

#include "http/dialects/sse_answer.hpp"

#include <string>
#include <string_view>

namespace synapse::http {

/// Reads the events of a stream whose last one is called `done`. One that ends without it is
/// broken.
class events_answer : public sse_answer {
public:
  using sse_answer::sse_answer;

  progress finish(std::string& out) override;

protected:
  /// A whole event, comments too. @param raw its bytes.
  virtual progress on_told(const sse_event& event, std::string_view raw, std::string& out) = 0;

private:
  progress on_event(const sse_event& event, std::string_view raw, std::string& out) final;

  bool done_ = false;
};

} // namespace synapse::http
