/// @file
/// Answers of audio backends on their way to the client: recordings, JSON and events that keep
/// their form. Each takes one answer.
#pragma once

#include "http/core/body/media_signature.hpp"
#include "http/core/body/sse.hpp"
#include "http/core/body/wav_header.hpp"
#include "http/proxy/translation.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace synapse::api {

/// Becomes another translator when the answer begins: all of the request is known then, because an
/// answer to half of one is refused.
class late_answer final : public proxy::answer_translator {
public:
  using maker = std::function<std::unique_ptr<proxy::answer_translator>()>;
  explicit late_answer(maker make) : make_(std::move(make)) {}

  progress begin(const http::response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override { return inner_->client_head(); }
  void broken(std::string& out, http::response_detail detail, std::string_view message) override {
    inner_->broken(out, detail, message);
  }
  bool may_keep_alive() const override { return inner_->may_keep_alive(); }
  bool promises_events() override { return made().promises_events(); }

private:
  progress checked(progress how);
  proxy::answer_translator& made();

  maker make_;
  std::unique_ptr<proxy::answer_translator> inner_;
};

/// A recording, passed on as it comes. Checked is only that it begins like one of its kind: some
/// servers call their audio text/html, others send an error page with status 200.
class audio_answer : public proxy::answer_translator {
public:
  /// @param media_type for the client. @param filename makes it an attachment; empty: none.
  audio_answer(http::media_kind kind, std::string_view media_type, std::string_view filename);

  progress begin(const http::response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;

private:
  http::media_kind kind_;
  std::string_view media_type_;
  std::string_view filename_;
  std::string first_; ///< held back until it is known what it is
  bool known_ = false;
  bool unframed_ = false;
  http::wav_scanner wav_; ///< has seen an unframed WAV recording
  std::uint64_t total_ = 0;
};

/// The samples of a WAV recording, without its header: signed 16 bit, little-endian, mono, 24 kHz,
/// as OpenAI's `pcm` is. Another rate or form is refused: nobody could tell.
class pcm_answer : public proxy::answer_translator {
public:
  progress begin(const http::response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;

private:
  http::wav_scanner wav_;  ///< until the header is complete
  std::uint64_t seen_ = 0; ///< bytes, until then
  bool in_data_ = false;
  std::uint64_t left_ = 0; ///< bytes of samples to come
  bool unframed_ = false;
};

/// What `inner` makes of a recording, as OpenAI's speech events: one `speech.audio.delta` for
/// whatever has arrived, and `speech.audio.done` at the end.
class speech_events : public proxy::answer_translator {
public:
  explicit speech_events(proxy::answer_translator& inner) : inner_(inner) {}

  progress begin(const http::response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;
  void broken(std::string& out, http::response_detail detail, std::string_view message) override;
  bool may_keep_alive() const override { return true; }
  bool promises_events() override { return true; }

private:
  progress wrap(progress how, std::string& out, bool last);

  proxy::answer_translator& inner_;
  std::string audio_; ///< not yet sent: base64 takes three bytes at a time
};

/// A JSON object, read whole: a broken one never reaches the client as an answer.
class json_answer : public proxy::answer_translator {
public:
  progress begin(const http::response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;

protected:
  /// Makes the client's answer of the whole text, which is a JSON object.
  virtual progress translate(std::string& text, std::string& out);

private:
  std::string text_;
};

/// Reads the events of a stream whose last one is called `done`. One that ends without it is
/// broken.
class events_answer : public proxy::answer_translator {
public:
  /// @param max_event_bytes of one event.
  explicit events_answer(std::size_t max_event_bytes) : scanner_(max_event_bytes) {}

  progress begin(const http::response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;
  bool may_keep_alive() const override { return true; }
  bool promises_events() override { return true; }

protected:
  /// A whole event, comments too. @param raw its bytes.
  virtual progress on_event(const http::sse_event& event, std::string_view raw,
                            std::string& out) = 0;

private:
  http::sse_scanner scanner_;
  std::string buffer_;
  std::size_t begin_ = 0; ///< of what the scanner has not reported
  bool done_ = false;
};

/// whisper-stt's own events, byte by byte.
class native_events final : public events_answer {
public:
  /// @param label of the backend in an error event, such as "STT backend error".
  native_events(std::size_t max_event_bytes, std::string_view label)
      : events_answer(max_event_bytes), label_(label) {}
  void broken(std::string& out, http::response_detail detail, std::string_view message) override;

protected:
  progress on_event(const http::sse_event& event, std::string_view raw, std::string& out) override;

private:
  std::string_view label_;
};

} // namespace synapse::api
