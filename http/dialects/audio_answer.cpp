#include "http/dialects/audio_answer.hpp"

#include "http/dialects/answer_head.hpp"

namespace synapse::http {

using progress = answer_translator::progress;

namespace {
std::string_view name_of(media_kind kind) {
  switch (kind) {
  case media_kind::wav:
    return "WAV";
  case media_kind::mpeg:
    return "MP3";
  case media_kind::flac:
    return "FLAC";
  case media_kind::ogg:
    return "Ogg";
  default:
    return "audio";
  }
}
} // namespace

audio_answer::audio_answer(media_kind kind, std::string_view media_type, std::string_view filename)
    : kind_(kind), media_type_(media_type), filename_(filename) {}

progress audio_answer::begin(const response_head& answer) {
  unframed_ = is_unframed(answer);
  return is_encoded(answer) ? refuse("its answer is compressed, unasked") : progress::more;
}

progress audio_answer::take(std::string_view bytes, std::string& out) {
  total_ += bytes.size();
  if (unframed_ && kind_ == media_kind::wav)
    wav_.feed(bytes);
  if (known_) {
    out.append(bytes);
    return progress::more;
  }
  first_.append(bytes);
  if (first_.size() < media_signature_bytes)
    return progress::more;
  known_ = true;
  if (identify_media(first_) != kind_)
    return refuse("its answer is no " + std::string{name_of(kind_)} + " recording");
  out.append(first_);
  first_ = {};
  return progress::more;
}

progress audio_answer::finish(std::string& /*out*/) {
  // Where only the connection's end tells the answer's, its header is asked whether that was all.
  if (unframed_ && kind_ == media_kind::wav && known_) {
    const bool in_header = wav_.status() == wav_status::need_more;
    if (const auto status = wav_.finish(total_);
        in_header || (status == wav_status::ok && wav_.info().missing_bytes != 0))
      return refuse("its recording was cut off");
  }
  if (known_)
    return progress::more;
  return refuse(first_.empty() ? "its answer is empty" : "its answer is too short for a recording");
}

answer_translator::head audio_answer::client_head() const {
  head result;
  result.content_type = media_type_;
  if (!filename_.empty())
    result.fields =
        "Content-Disposition: attachment; filename=\"" + std::string{filename_} + "\"\r\n";
  result.same_length = true;
  return result;
}

} // namespace synapse::http
