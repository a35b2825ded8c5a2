#include "actors/feed/feed_desk.hpp"
#include "actors/feed/feed_text.hpp"
#include "config/settings.hpp"
#include "http/core/body/sse.hpp"
#include "http/dashboard/dashboard_handlers.hpp"
#include "http/dashboard/gate/gate.hpp"
#include "http/proxy/downstream/downstream_writer.hpp"
#include "http/server/connection/worker.hpp"
#include "telemetry/log_sink.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace synapse::api {

namespace {
using http::response_detail;

constexpr std::size_t max_sources = 32;
constexpr std::size_t idle_input = 256; ///< viewers send nothing
/// How long a viewer may look on after its session has ended.
constexpr net::time_ns session_check = 5'000'000'000;
/// Lines per write: the pieces of one system call, with a chunk's frame around them.
constexpr std::size_t lines_per_write = net::transport::max_pieces - 4;

/// What a viewer asked for.
struct wish {
  client::feed_filter filter;
  std::size_t backlog = 0;
  std::optional<feed::resume_point> resume;
};

/// @returns what is wrong with the query; empty when all is well.
std::string read_sources(const std::string& text, std::vector<std::string>& into) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find(',');
    auto name = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (name.empty())
      continue;
    if (name.size() > feed::max_name_bytes || into.size() == max_sources)
      return "sources: at most " + std::to_string(max_sources) + " names of at most " +
             std::to_string(feed::max_name_bytes) + " bytes";
    into.emplace_back(name);
  }
  return {};
}

std::string read_wish(const feed_services& feed, const server::exchange& ex, wish& result) {
  const auto& defaults = feed.replica->process->terminal_feed;
  const auto query = ex.head().query;
  const auto level_text = form_value(query, "level").value_or(defaults.default_level);
  const auto level =
      telemetry::parse_log_level(level_text.empty() ? defaults.default_level : level_text);
  if (!level)
    return "level: must be DEBUG, INFO, WARNING, ERROR or CRITICAL";
  result.filter.level = static_cast<std::uint8_t>(*level);
  result.backlog = defaults.backlog_lines;
  if (const auto text = form_value(query, "backlog"); text && !text->empty()) {
    const auto [stop, problem] =
        std::from_chars(text->data(), text->data() + text->size(), result.backlog);
    if (problem != std::errc{} || stop != text->data() + text->size())
      return "backlog: must be a number of lines";
  }
  result.backlog = std::min<std::size_t>(result.backlog, defaults.buffer_size);
  result.resume = feed::parse_event_id(ex.head().fields.value_of(http::known_field::last_event_id));
  return read_sources(form_value(query, "sources").value_or(""), result.filter.sources);
}

/// What has to be sent before the live lines.
struct beginning {
  std::vector<actors::feed_line_ptr> lines;
  std::uint64_t missed = 0; ///< lines that a viewer who comes back can have no more
};

beginning begin_of(const client::feed_desk& desk, const wish& what, std::uint64_t ring) {
  beginning result;
  const auto& lines = desk.ring();
  if (what.resume) {
    const auto& from = *what.resume;
    const bool same = from.ring == ring;
    // Of every source and level: what has left the ring cannot be looked at any more.
    if (same && !lines.empty() && from.position + 1 < lines.front()->position)
      result.missed = lines.front()->position - from.position - 1;
    for (const auto& line : lines) {
      // Another replica, or one that was restarted, has an order of its own: there the time
      // decides, and lines of the same millisecond rather come twice than not at all.
      const bool newer =
          same ? line->position > from.position : line->time_us / 1000 * 1000 >= from.time_us;
      if (newer && what.filter.wants(*line))
        result.lines.push_back(line);
    }
    return result;
  }
  for (auto line = lines.rbegin(); line != lines.rend() && result.lines.size() < what.backlog;
       ++line)
    if (what.filter.wants(**line))
      result.lines.push_back(*line);
  std::reverse(result.lines.begin(), result.lines.end());
  return result;
}

/// The last line of this ring that the viewer has had; its desk may still be about to get it.
std::uint64_t seen_before(const wish& what, std::uint64_t ring) {
  return what.resume && what.resume->ring == ring ? what.resume->position : 0;
}

std::string dropped_event(std::uint64_t count) {
  return "event: dropped\ndata: {\"count\":" + std::to_string(count) + "}\n\n";
}

proxy::own_head stream_head() {
  auto head = proxy::event_head("text/event-stream");
  head.fields = "Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n"
                "X-Content-Type-Options: nosniff\r\n";
  return head;
}

/// Sends pieces as one chunk of the answer. @returns false when the client is gone.
net::task<bool> send(server::exchange& ex, proxy::downstream_writer& down,
                     const std::vector<std::string_view>& texts) {
  bool sent = down.send(texts, false);
  if (!sent)
    sent = co_await down.drained();
  co_return sent && !ex.given_up();
}

net::task<bool> send_lines(server::exchange& ex, proxy::downstream_writer& down,
                           std::uint64_t missed, std::vector<actors::feed_line_ptr>& lines) {
  std::string lost;
  if (missed > 0)
    lost = dropped_event(missed);
  std::vector<std::string_view> texts;
  for (std::size_t next = 0; next < lines.size() || !lost.empty();) {
    texts.clear();
    if (!lost.empty())
      texts.push_back(lost);
    for (; next < lines.size() && texts.size() < lines_per_write; ++next)
      texts.push_back(lines[next]->event);
    const bool sent = co_await send(ex, down, texts);
    if (!sent)
      co_return false;
    lost.clear();
  }
  lines.clear();
  co_return true;
}

std::string greeting(const feed_services& feed) {
  const auto& process = *feed.replica->process;
  const nlohmann::ordered_json meta{{"instance", process.instance_id},
                                    {"mode", process.terminal_feed.mode},
                                    {"bus_mode", process.terminal_feed.bus_mode}};
  // Browsers wait so many milliseconds before they come back.
  return "retry: 2000\nevent: meta\ndata: " +
         meta.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n\n";
}

bool has_session(const feed_services& feed, const server::exchange& ex) {
  return feed.gate->session_end(ex.head(), std::chrono::system_clock::now()).has_value();
}

/// The live part: until the client leaves, does not read, or the gateway stops.
net::task<bool> follow(const feed_services& feed, server::exchange& ex,
                       proxy::downstream_writer& down, client::feed_viewer& viewer) {
  const auto keepalive = std::chrono::nanoseconds{
      std::chrono::seconds{feed.replica->process->terminal_feed.keepalive_seconds}};
  std::vector<actors::feed_line_ptr> lines;
  auto last = net::io_thread::now();
  // Who came with a session looks on for as long as it lasts.
  const bool by_session = feed.gate->needs_session(ex.head());
  auto next_check = last + session_check;
  while (!ex.given_up()) {
    if (feed.replica->life->draining.load(std::memory_order_relaxed))
      co_return true;
    if (by_session && net::io_thread::now() >= next_check) {
      if (!has_session(feed, ex))
        co_return true;
      next_check = net::io_thread::now() + session_check;
    }
    if (!viewer.empty()) {
      const auto missed = viewer.take_dropped();
      viewer.take(lines, lines_per_write - 1);
      feed.lines_lost.add(missed);
      const bool sent = co_await send_lines(ex, down, missed, lines);
      if (!sent)
        co_return false;
      std::vector<actors::feed_line_ptr>{}.swap(lines); // an idle viewer holds no memory for lines
      last = net::io_thread::now();
      continue;
    }
    if (net::io_thread::now() >= last + keepalive.count()) {
      const std::vector<std::string_view> comment{": keepalive\n\n"};
      const bool sent = co_await send(ex, down, comment);
      if (!sent)
        co_return false;
      last = net::io_thread::now();
    }
    auto due = last + keepalive.count();
    if (by_session)
      due = std::min(due, next_check);
    ex.alarm(due);
    co_await ex.changed();
  }
  co_return false;
}

net::task<void> serve_viewer(const feed_services& feed, server::exchange& ex, wish what) {
  auto& desk = client::feed_desk::behind(feed.desks[ex.owner().io.index()]);
  auto first = begin_of(desk, what, feed.origin);
  client::feed_viewer viewer{desk, std::move(what.filter),
                             feed.replica->process->terminal_feed.subscriber_queue_size, ex.wake(),
                             seen_before(what, feed.origin)};
  feed.viewers.increment();
  bool whole = false;
  proxy::downstream_writer down{ex, nullptr};
  down.write_head(stream_head());
  {
    const auto meta = greeting(feed);
    const std::vector<std::string_view> texts{meta};
    whole = co_await send(ex, down, texts);
  }
  // Thousands may look on: what only a request's head needed goes.
  ex.downstream().shrink(idle_input);
  ex.scratch().release();
  if (whole)
    whole = co_await send_lines(ex, down, first.missed, first.lines);
  std::vector<actors::feed_line_ptr>{}.swap(first.lines);
  if (whole)
    whole = co_await follow(feed, ex, down, viewer);
  feed.viewers.decrement();
  if (!whole) {
    ex.abort();
    ex.record().detail = ex.departure();
    co_return;
  }
  if (!down.send(std::string_view{}, true))
    co_await down.drained();
}
} // namespace

net::task<void> terminal_events(const feed_services& feed, server::exchange& ex) {
  if (feed.desks.empty()) {
    co_await ex.reply_error(response_detail::route_not_found,
                            "the terminal feed is off; SYNAPSE_TERMINAL_FEED_MODE=live serves it");
    co_return;
  }
  wish what;
  const auto wrong = read_wish(feed, ex, what);
  if (!wrong.empty()) {
    co_await ex.reply_error(response_detail::bad_request, wrong);
    co_return;
  }
  if (ex.has_body()) {
    co_await ex.reply_error(response_detail::bad_request, "a viewer sends no body");
    co_return;
  }
  if (ex.method() == http::verb::head) {
    proxy::downstream_writer down{ex, nullptr};
    down.write_head(stream_head());
    if (!down.send_as_is({}))
      co_await down.drained();
    co_return;
  }
  co_await serve_viewer(feed, ex, std::move(what));
}

} // namespace synapse::api
