#include "http/dialects/events_answer.hpp"

namespace synapse::http {

using progress = answer_translator::progress;

progress events_answer::on_event(const sse_event& event, std::string_view raw, std::string& out) {
  done_ = event.type == "done";
  const auto how = on_told(event, raw, out);
  return done_ && how == progress::more ? progress::ended : how;
}

progress events_answer::finish(std::string& out) {
  sse_event event;
  if (!done_ && unterminated(event) && event.type == "done" &&
      on_event(event, completed(), out) == progress::bad)
    return progress::bad;
  return done_ ? progress::more : refuse("its stream ended before it was done");
}

} // namespace synapse::http
