#include "http/proxy/downstream/downstream_writer.hpp"

#include "http/core/body/chunked.hpp"
#include "http/core/body/sse.hpp"
#include "http/core/head/head_writer.hpp"
#include "http/core/local_reply.hpp"
#include "http/proxy/deadlines.hpp"
#include "http/proxy/media_type.hpp"

#include <algorithm>
#include <array>

namespace synapse::proxy {

using http::body_framing;
using http::response_detail;

namespace {
bool is_event_stream(const http::response_head& answer) {
  return has_type(answer.fields.value_of(http::known_field::content_type), "text/event-stream");
}
} // namespace

downstream_writer::downstream_writer(server::exchange& exchange, const client::backend_site* site,
                                     std::string_view extra) noexcept
    : ex_(exchange), site_(site),
      extra_(!extra.empty() || site == nullptr ? extra : std::string_view{site->response_extra}),
      may_change_(!extra.empty()),
      // What has begun already is an event stream that waits for something.
      framing_(exchange.begun() ? stream_framing() : body_framing::none),
      silent_since_(exchange.begun() ? net::io_thread::recent() : exchange.record().started) {}

body_framing downstream_writer::stream_framing() const noexcept {
  return ex_.plain_only() ? body_framing::until_close : body_framing::chunked;
}

// ---- the head ----

void downstream_writer::pass_head(const http::response_head& answer, body_framing framing,
                                  bool event_stream) {
  framing_ = framing;
  if (framing == body_framing::until_close) {
    ex_.close_after();
    ex_.until_close();
  }
  http::downstream_head_options head;
  head.framing = framing;
  if (framing == body_framing::content_length)
    head.content_length = static_cast<std::uint64_t>(answer.content_length);
  head.request_id = ex_.id();
  head.connection = ex_.decide_connection();
  head.date = ex_.owner().date();
  head.extra = extra_;
  head.event_stream = event_stream;
  if (event_stream) {
    // Clients go by it; a backend that has another name for its stream is corrected.
    if (!is_event_stream(answer))
      head.content_type = "text/event-stream";
    ex_.begin_events();
  }
  head.own_cookie = ex_.settings().process.dashboard_cookie_name;
  head.authority = site_->authority;
  head.base_path = site_->settings->url.base_path;
  http::write_downstream_response_head(ex_.out(), answer, head);
  ex_.record().status = answer.status;
  ex_.record().detail = response_detail::via_upstream;
  head_waits_ = true;
}

void downstream_writer::write_head(const own_head& wanted) {
  framing_ = wanted.framing == body_framing::none ? stream_framing() : wanted.framing;
  std::string fields{wanted.fields};
  fields += extra_;
  http::reply_head head;
  head.status = 200;
  head.content_type = wanted.content_type;
  head.content_length.reset();
  if (framing_ == body_framing::content_length)
    head.content_length = wanted.length;
  else if (wanted.event_stream)
    ex_.begin_events();
  head.chunked = framing_ == body_framing::chunked;
  if (framing_ == body_framing::until_close) {
    ex_.close_after();
    ex_.until_close();
  }
  head.request_id = ex_.id();
  head.connection = ex_.decide_connection();
  head.date = ex_.owner().date();
  head.extra = fields;
  ex_.out().clear();
  http::append_reply_head(ex_.out(), head);
  ex_.record().status = 200;
  if (site_ != nullptr)
    ex_.record().detail = response_detail::via_upstream;
  head_waits_ = true;
}

// ---- the body ----

bool downstream_writer::send(std::string_view bytes, bool last) {
  return send({&bytes, bytes.empty() ? 0U : 1U}, last);
}

bool downstream_writer::send(std::span<const std::string_view> pieces, bool last) {
  if (framing_ != body_framing::chunked)
    return send_as_is(pieces);
  std::array<std::string_view, net::transport::max_pieces> framed;
  std::size_t count = 0;
  std::size_t size = 0;
  for (const auto piece : pieces)
    size += piece.size();
  if (size > 0) {
    framed[count++] = http::chunk_head(size, chunk_line_);
    for (const auto piece : pieces)
      framed[count++] = piece;
    framed[count++] = "\r\n";
  }
  if (last)
    framed[count++] = http::last_chunk;
  return send_as_is({framed.data(), count});
}

bool downstream_writer::send_as_is(std::span<const std::string_view> pieces) {
  if (!head_waits_)
    return pieces.empty() || ex_.write(pieces);
  head_waits_ = false;
  std::array<std::string_view, net::transport::max_pieces> all;
  all[0] = ex_.out();
  std::copy(pieces.begin(), pieces.end(), all.begin() + 1);
  return ex_.write({all.data(), pieces.size() + 1});
}

bool downstream_writer::send_whole(http::response_head& answer, std::string_view body) {
  answer.chunked = false;
  answer.content_length = static_cast<std::int64_t>(body.size());
  pass_head(answer, body_framing::content_length, false);
  return send(ex_.method() == http::verb::head ? std::string_view{} : body, true);
}

net::task<bool> downstream_writer::drained() {
  const auto from = net::io_thread::recent();
  const bool ok = co_await ex_.finish_write();
  quiet_since_ = net::io_thread::recent();
  ex_.record().upstream_ns += quiet_since_ - from;
  co_return ok;
}

// ---- while the backend is silent ----

net::time_ns downstream_writer::sign_of_life(net::time_ns now, std::string_view content_type) {
  const auto every = in_ns(ex_.settings().limits.stream_keepalive);
  if (every == 0)
    return 0;
  if (now < silent_since_ + every)
    return silent_since_ + every;
  silent_since_ = now;
  if (!ex_.downstream().writing()) {
    // The head would be overwritten by what may come next while the kernel has not taken it.
    if (!ex_.begun()) {
      const auto extra = std::exchange(extra_, may_change_ ? std::string_view{} : extra_);
      write_head(event_head(content_type));
      extra_ = extra;
      early_ = ex_.out();
      head_waits_ = false;
    } else {
      early_.clear();
    }
    if (framing_ == body_framing::chunked)
      early_.append(http::chunk_head(http::sse_keepalive.size(), chunk_line_));
    early_.append(http::sse_keepalive);
    if (framing_ == body_framing::chunked)
      early_.append("\r\n");
    const std::string_view piece = early_;
    ex_.write({&piece, 1});
  }
  return now + every;
}

net::time_ns downstream_writer::keepalive_due() const noexcept {
  const auto every = in_ns(ex_.settings().limits.stream_keepalive);
  return every == 0 ? 0 : silent_since_ + every;
}

} // namespace synapse::proxy
