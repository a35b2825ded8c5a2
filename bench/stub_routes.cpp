// What the stub does with each request, and the streams it sends.
#include "bench/http_scan.hpp"
#include "bench/sockets.hpp"
#include "bench/stub_connection.hpp"

#include <algorithm>

namespace synapse::bench {

namespace {
constexpr std::uint64_t millisecond = 1'000'000;
} // namespace

void stub_server::answer(connection& c, const request_head& head, std::string_view body) {
  const bool post = head.method == "POST";
  if (post && head.path == "/v1/chat/completions") {
    if (head.wants_stream || json_true(body, "stream"))
      begin_stream(c, head, body);
    else
      add(answers().chat);
  } else if (post && head.path == "/v1/audio/speech") {
    begin_speech(c, body);
  } else if (post && head.path == "/v1/embeddings") {
    answer_embedding(body);
  } else if (post && (head.path == "/models/load" || head.path == "/models/unload")) {
    add(answers().success);
  } else if (!post && head.path == "/health") {
    add(answers().health);
  } else if (!post && (head.path == "/models" || head.path == "/v1/models")) {
    add(answers().models);
  } else if (!post && head.path == "/blob") {
    answer_blob(head.query);
  } else {
    add(answers().not_found);
  }
}

void stub_server::answer_blob(std::string_view query) {
  const std::uint64_t size = query_number(query, "size").value_or(0);
  if (size > max_blob)
    return add(answers().too_large);
  if (size != blob_head_size_) {
    retired_.push_back(std::move(blob_head_));
    blob_head_ = "HTTP/1.1 200 OK\r\nServer: bench-stub\r\nContent-Type: "
                 "application/octet-stream\r\nContent-Length: " +
                 std::to_string(size) + "\r\n\r\n";
    blob_head_size_ = size;
  }
  add(blob_head_);
  add(std::string_view{blob_}.substr(0, size));
}

void stub_server::answer_embedding(std::string_view body) {
  const std::uint64_t dimensions = json_number(body, "dimensions").value_or(64);
  if (dimensions == 0 || dimensions > max_dimensions)
    return add(answers().too_large);
  if (dimensions != embedding_dimensions_) {
    retired_.push_back(std::move(embedding_));
    embedding_ = embedding_answer(dimensions);
    embedding_dimensions_ = dimensions;
  }
  add(embedding_);
}

void stub_server::begin_stream(connection& c, const request_head& head, std::string_view body) {
  const auto asked = query_number(head.query, "events");
  c.left = asked ? *asked : json_number(body, "max_tokens").value_or(shape_.events);
  c.interval = shape_.interval_ns;
  if (const auto interval = query_number(head.query, "interval_ms"))
    c.interval = *interval * millisecond;
  std::uint64_t delay = shape_.first_delay_ns;
  if (const auto asked_delay = query_number(head.query, "delay_ms"))
    delay = *asked_delay * millisecond;
  c.usage = json_true(body, "include_usage");
  c.audio = false;
  open_stream(c, delay);
}

/// A text that begins with a number is spoken in as many frames: all that a gateway passes on to
/// its backend is the text.
void stub_server::begin_speech(connection& c, std::string_view body) {
  c.left = json_text_number(body, "input").value_or(shape_.events);
  c.interval = shape_.interval_ns;
  c.audio = true;
  open_stream(c, shape_.first_delay_ns);
}

void stub_server::open_stream(connection& c, std::uint64_t delay_ns) {
  c.opened = false;
  c.stream = ++last_stream_;
  c.next_at = now_ns() + delay_ns;
  timers_.push({c.next_at, c.fd, c.stream});
}

void stub_server::fire_due_streams() {
  while (!timers_.empty() && timers_.top().at <= now_ns()) {
    const due next = timers_.top();
    timers_.pop();
    const auto index = static_cast<std::size_t>(next.fd);
    // The descriptor may be closed or serve another stream by now.
    if (index < connections_.size() && connections_[index] &&
        connections_[index]->stream == next.stream)
      advance_stream(*connections_[index]);
  }
}

/// Sends what is due of a stream and sets its next time; times follow the plan, not the last send.
void stub_server::advance_stream(connection& c) {
  bool content = c.opened;
  if (!c.opened) {
    c.opened = true;
    add(c.audio ? audio_.opening() : pieces_.opening());
    // A model has no samples yet when it writes the recording's head.
    const std::uint64_t gap = c.audio ? c.interval : shape_.role_gap_ns;
    content = gap == 0;
    c.next_at += gap;
  }
  if (content && c.left > 0) {
    add(c.audio ? audio_.frame(now_ns()) : pieces_.content(now_ns()));
    --c.left;
    c.next_at += c.interval;
  }
  const bool ended = content && c.left == 0;
  if (ended) {
    add(c.audio ? audio_.closing() : std::string_view{pieces_.closing(c.usage)});
    c.stream = 0;
  } else {
    timers_.push({c.next_at, c.fd, c.stream});
  }
  if (flush(c) && ended)
    take_kept_requests(c);
}

// ---- uploads ----

/// Under the backend's own path, and under the gateway's for those that pass paths on as they are.
bool stub_server::is_upload(const request_head& head) {
  const bool has_body = head.framing.chunked || head.framing.content_length.value_or(0) > 0;
  return has_body && head.method == "POST" &&
         (head.path == "/transcribe" || head.path == "/stt/transcribe");
}

void stub_server::begin_upload(connection& c, const request_head& head) {
  c.taking = std::make_unique<upload>();
  c.taking->chunked = head.framing.chunked;
  c.taking->close = head.framing.close;
  c.taking->left = head.framing.content_length.value_or(0);
}

/// Takes what there is of the form's body, and answers at its end; false when it is malformed.
bool stub_server::take_upload(connection& c, std::string_view bytes, std::size_t& used) {
  upload& under_way = *c.taking;
  const std::string_view rest = bytes.substr(used);
  bool ended = false;
  if (under_way.chunked) {
    used += under_way.chunks.feed(rest,
                                  [&](std::string_view payload) { under_way.form.feed(payload); });
    if (under_way.chunks.failed())
      return false;
    ended = under_way.chunks.done();
  } else {
    const auto taken = std::min<std::uint64_t>(under_way.left, rest.size());
    under_way.form.feed(rest.substr(0, taken));
    under_way.left -= taken;
    used += taken;
    ended = under_way.left == 0;
  }
  if (!ended)
    return true;
  if (under_way.form.whole())
    add(retired_.emplace_back(transcription_answer(under_way.form.file_bytes())));
  else
    add(answers().broken_form);
  c.close_after = under_way.close;
  c.taking.reset();
  return true;
}

} // namespace synapse::bench
