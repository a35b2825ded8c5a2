#include "http/api/forms/translators.hpp"

#include "http/core/body/wav_header.hpp"
#include "http/core/head/field.hpp"
#include "http/core/json/json_body.hpp"
#include "http/core/local_reply.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

namespace synapse::api {

using progress = proxy::answer_translator::progress;

namespace {
/// A transcription of a whole day has a few MiB.
constexpr std::size_t max_json_bytes = 64 * 1024 * 1024;

std::string_view name_of(http::media_kind kind) {
  switch (kind) {
  case http::media_kind::wav:
    return "WAV";
  case http::media_kind::mpeg:
    return "MP3";
  case http::media_kind::flac:
    return "FLAC";
  case http::media_kind::ogg:
    return "Ogg";
  default:
    return "audio";
  }
}

/// Sizes from here on are those of headers that promise nothing (see wav_info::missing_bytes).
constexpr std::uint64_t largest_promise = 0x7fff0000;

/// Only the end of the connection says that this answer is over.
bool is_unframed(const http::response_head& answer) {
  return !answer.chunked && answer.content_length < 0;
}

/// A compressed body would have to be unpacked to be looked at; none was asked for.
bool is_encoded(const http::response_head& answer) {
  const auto* coding = answer.fields.find(http::known_field::content_encoding);
  return coding != nullptr && !http::iequals(coding->value, "identity");
}
} // namespace

progress late_answer::checked(progress how) {
  return how == progress::bad ? refuse(inner_->problem()) : how;
}

proxy::answer_translator& late_answer::made() {
  if (!inner_)
    inner_ = make_();
  return *inner_;
}

progress late_answer::begin(const http::response_head& answer) {
  return checked(made().begin(answer));
}

progress late_answer::take(std::string_view bytes, std::string& out) {
  return checked(inner_->take(bytes, out));
}

progress late_answer::finish(std::string& out) {
  return checked(inner_->finish(out));
}

// ---- recordings ----

audio_answer::audio_answer(http::media_kind kind, std::string_view media_type,
                           std::string_view filename)
    : kind_(kind), media_type_(media_type), filename_(filename) {}

progress audio_answer::begin(const http::response_head& answer) {
  unframed_ = is_unframed(answer);
  return is_encoded(answer) ? refuse("its answer is compressed, unasked") : progress::more;
}

progress audio_answer::take(std::string_view bytes, std::string& out) {
  total_ += bytes.size();
  if (unframed_ && kind_ == http::media_kind::wav)
    wav_.feed(bytes);
  if (known_) {
    out.append(bytes);
    return progress::more;
  }
  first_.append(bytes);
  if (first_.size() < http::media_signature_bytes)
    return progress::more;
  known_ = true;
  if (http::identify_media(first_) != kind_)
    return refuse("its answer is no " + std::string{name_of(kind_)} + " recording");
  out.append(first_);
  first_ = {};
  return progress::more;
}

progress audio_answer::finish(std::string& /*out*/) {
  // Where only the connection's end tells the answer's, its header is asked whether that was all.
  if (unframed_ && kind_ == http::media_kind::wav && wav_.finish(total_) == http::wav_status::ok &&
      wav_.info().missing_bytes != 0)
    return refuse("its recording was cut off");
  if (known_)
    return progress::more;
  return refuse(first_.empty() ? "its answer is empty" : "its answer is too short for a recording");
}

proxy::answer_translator::head audio_answer::client_head() const {
  head result;
  result.content_type = media_type_;
  if (!filename_.empty())
    result.fields =
        "Content-Disposition: attachment; filename=\"" + std::string{filename_} + "\"\r\n";
  result.same_length = true;
  return result;
}

progress pcm_answer::begin(const http::response_head& answer) {
  unframed_ = is_unframed(answer);
  return is_encoded(answer) ? refuse("its answer is compressed, unasked") : progress::more;
}

progress pcm_answer::take(std::string_view bytes, std::string& out) {
  if (in_data_) {
    const auto taken = std::min<std::uint64_t>(left_, bytes.size());
    out.append(bytes.substr(0, static_cast<std::size_t>(taken)));
    left_ -= taken;
    return progress::more;
  }
  const auto before = seen_;
  seen_ += bytes.size();
  switch (wav_.feed(bytes)) {
  case http::wav_status::need_more:
    return progress::more;
  case http::wav_status::ok:
    break;
  default:
    return refuse("its answer is no WAV recording: " + wav_.problem());
  }
  const auto& info = wav_.info();
  if (info.format != 1 || info.bits_per_sample != 16 || info.channels != 1 ||
      info.sample_rate != 24000)
    return refuse("its recording has " + std::to_string(info.sample_rate) + " Hz, " +
                  std::to_string(info.channels) + " channels of " +
                  std::to_string(info.bits_per_sample) +
                  " bits: pcm has 24000 Hz and one channel of 16 bits");
  in_data_ = true;
  left_ = info.data_bytes; // or "unknown", which is more than will ever come
  if (info.data_offset < before)
    return refuse("its recording has its samples before their format");
  return take(bytes.substr(static_cast<std::size_t>(info.data_offset - before)), out);
}

progress pcm_answer::finish(std::string& /*out*/) {
  if (!in_data_)
    return refuse("its answer is no WAV recording");
  if (unframed_ && left_ != 0 && left_ < largest_promise)
    return refuse("its recording was cut off");
  return progress::more;
}

proxy::answer_translator::head pcm_answer::client_head() const {
  head result;
  result.content_type = "audio/pcm";
  return result;
}

progress speech_events::begin(const http::response_head& answer) {
  const auto how = inner_.begin(answer);
  return how == progress::bad ? refuse(inner_.problem()) : how;
}

/// Sends what there is of `audio_`, all of it if it is the last.
progress speech_events::wrap(progress how, std::string& out, bool last) {
  if (how == progress::bad)
    return refuse(inner_.problem());
  const auto size = last ? audio_.size() : audio_.size() / 3 * 3;
  if (size > 0) {
    std::string text((size + 2) / 3 * 4 + 1, '\0'); // EVP_EncodeBlock ends it with a NUL
    const auto written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                         reinterpret_cast<const unsigned char*>(audio_.data()),
                                         static_cast<int>(size));
    text.resize(static_cast<std::size_t>(written));
    http::append_data_event(out, R"({"type":"speech.audio.delta","audio":")" + text + R"("})");
    audio_.erase(0, size);
  }
  return how;
}

progress speech_events::take(std::string_view bytes, std::string& out) {
  return wrap(inner_.take(bytes, audio_), out, false);
}

progress speech_events::finish(std::string& out) {
  const auto how = wrap(inner_.finish(audio_), out, true);
  // OpenAI's clients want to see a usage. The backend counts no tokens: there are none to report.
  if (how != progress::bad)
    http::append_data_event(out, R"({"type":"speech.audio.done","usage":{"input_tokens":0,)"
                                 R"("output_tokens":0,"total_tokens":0}})");
  return how;
}

proxy::answer_translator::head speech_events::client_head() const {
  head result;
  result.content_type = "text/event-stream; charset=utf-8";
  result.event_stream = true;
  return result;
}

void speech_events::broken(std::string& out, http::response_detail detail,
                           std::string_view message) {
  std::string body;
  http::append_error_body(body, http::error_dialect::openai, detail, message);
  http::append_data_event(out, body);
}

// ---- JSON ----

progress json_answer::begin(const http::response_head& answer) {
  return is_encoded(answer) ? refuse("its answer is compressed, unasked") : progress::more;
}

progress json_answer::take(std::string_view bytes, std::string& /*out*/) {
  if (text_.size() + bytes.size() > max_json_bytes)
    return refuse("its answer exceeds " + std::to_string(max_json_bytes) + " bytes");
  text_.append(bytes);
  return progress::more;
}

progress json_answer::finish(std::string& out) {
  if (const auto seen = http::inspect_json(text_); !seen.ok())
    return refuse("its answer is no JSON object: " + text_.substr(0, 200));
  return translate(text_, out);
}

progress json_answer::translate(std::string& text, std::string& out) {
  out = std::move(text); // nothing goes out before
  return progress::more;
}

proxy::answer_translator::head json_answer::client_head() const {
  head result;
  result.content_type = "application/json";
  return result;
}

// ---- events ----

progress events_answer::begin(const http::response_head& answer) {
  const auto type = answer.fields.value_of(http::known_field::content_type);
  if (is_encoded(answer) || type.size() < 17 ||
      !http::iequals(type.substr(0, 17), "text/event-stream"))
    return refuse("its answer is no event stream");
  return progress::more;
}

progress events_answer::take(std::string_view bytes, std::string& out) {
  buffer_.append(bytes);
  auto how = progress::more;
  while (how == progress::more) {
    http::sse_event event;
    const auto status = scanner_.next(buffer_.data() + begin_, buffer_.size() - begin_, event);
    if (status == http::sse_status::too_large)
      return refuse("one of its events is too large");
    if (status != http::sse_status::event)
      break;
    done_ = event.type == "done";
    how = on_event(event, std::string_view{buffer_}.substr(begin_, event.size), out);
    begin_ += event.size;
    if (done_ && how == progress::more)
      how = progress::ended;
  }
  buffer_.erase(0, begin_);
  begin_ = 0;
  return how;
}

progress events_answer::finish(std::string& out) {
  http::sse_event event;
  // The blank line behind the last event is often forgotten.
  if (!done_ && scanner_.finish(buffer_.data(), buffer_.size(), event) == http::sse_status::event &&
      event.type == "done") {
    done_ = true;
    if (on_event(event, buffer_ + "\n\n", out) == progress::bad)
      return progress::bad;
  }
  return done_ ? progress::more : refuse("its stream ended before it was done");
}

proxy::answer_translator::head events_answer::client_head() const {
  head result;
  result.content_type = "text/event-stream; charset=utf-8";
  result.event_stream = true;
  return result;
}

progress native_events::on_event(const http::sse_event& event, std::string_view raw,
                                 std::string& out) {
  out.append(raw);
  // The LF of the last line's CRLF would come with the next event, and there is none.
  if (event.type == "done" && raw.ends_with('\r'))
    out += '\n';
  return progress::more;
}

void native_events::broken(std::string& out, http::response_detail detail,
                           std::string_view message) {
  std::string body;
  http::append_error_body(body, http::error_dialect::plain, detail, message, label_);
  http::append_named_event(out, "error", body);
}

} // namespace synapse::api
