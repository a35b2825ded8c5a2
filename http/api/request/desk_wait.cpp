#include "http/api/request/desk_wait.hpp"

#include "http/api/request/body_reading.hpp"
#include "http/core/body/sse.hpp"
#include "http/proxy/deadlines.hpp"
#include "http/proxy/downstream/downstream_writer.hpp"

namespace synapse::api {

namespace {
/// With the head of the event stream before the first one. @returns false: it has gone, or does not
/// read
net::task<bool> send_comment(server::exchange& ex, const wait_comments& comments) {
  std::string comment;
  http::append_comment(comment, comments.text());
  proxy::downstream_writer down{ex, comments.site};
  if (!down.begun())
    down.write_head(proxy::event_head("text/event-stream"));
  bool sent = down.send(comment, false);
  if (!sent)
    sent = co_await down.drained();
  co_return sent;
}
} // namespace

net::time_ns comment_interval(server::exchange& exchange, bool stream) {
  return stream ? proxy::in_ns(exchange.settings().models.keepalive) : 0;
}

net::task<wait_end> wait_with_comments(server::exchange& ex, std::function<bool()> done,
                                       net::time_ns due, wait_comments comments) {
  wait_rules rules;
  for (;;) {
    rules.due = due;
    if (comments.every != 0)
      rules.due = proxy::sooner(due, net::io_thread::now() + comments.every);
    auto end = co_await wait_until(ex, done, rules);
    if (end == wait_end::late && ex.given_up())
      end = wait_end::left;
    if (end == wait_end::late && rules.due != due) {
      const bool sent = co_await send_comment(ex, comments);
      if (sent)
        continue;
      end = wait_end::left; // it has gone, or does not read
    }
    if (end == wait_end::left)
      note_departure_while_waiting(ex);
    co_return end;
  }
}

} // namespace synapse::api
