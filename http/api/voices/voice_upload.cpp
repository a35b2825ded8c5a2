#include "http/api/voices/voice_upload.hpp"

#include "http/core/head/field.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace synapse::api {

using http::response_detail;
using step = form_input::step;

namespace {
constexpr std::size_t max_name_bytes = 4096;

/// The same file may be called many things; what is in it decides later.
bool claims_to_be_wav(const http::multipart_part& part) {
  const std::string_view name = part.filename;
  if (name.size() >= 4 && http::iequals(name.substr(name.size() - 4), ".wav"))
    return true;
  const auto type = std::string_view{part.content_type}.substr(0, part.content_type.find(';'));
  constexpr std::array<std::string_view, 4> types{"audio/wav", "audio/x-wav", "audio/wave",
                                                  "audio/vnd.wave"};
  return std::any_of(types.begin(), types.end(),
                     [&](std::string_view one) { return http::iequals(type, one); });
}
} // namespace

voice_upload::voice_upload(net::blocking_pool& blocking, server::exchange& exchange,
                           std::string_view boundary, std::string directory)
    : blocking_(blocking), ex_(exchange), input_(exchange, boundary, max_voice_form_bytes),
      directory_(std::move(directory)) {}

voice_upload::progress voice_upload::refuse(refusal reason) {
  why_ = std::move(reason);
  return progress::refused;
}

voice_upload::progress voice_upload::refuse_file(const std::string& reason) {
  return refuse({response_detail::bad_request, shown_name_ + ": " + reason, "files"});
}

net::task<voice_upload::outcome> voice_upload::receive() {
  auto result = outcome::complete;
  for (;;) {
    std::string_view data;
    const auto what = input_.next(data);
    if (what == step::end)
      break;
    if (what == step::wait) {
      if (co_await input_.more())
        continue;
      result = input_.gone() ? outcome::gone : outcome::refused;
      if (!input_.gone())
        refuse(input_.why());
      break;
    }
    auto how = take(what, data);
    while (how == progress::wait) {
      co_await ex_.wake()->wait();
      how = go_on();
    }
    if (how == progress::refused) {
      result = outcome::refused;
      break;
    }
  }
  co_await let_go();
  co_return result;
}

voice_upload::progress voice_upload::take(step what, std::string_view data) {
  switch (what) {
  case step::part_begin:
    return begin_part();
  case step::data:
    return take_data(data);
  case step::part_end:
    return end_part();
  case step::failed:
    return refuse(input_.why());
  default:
    return progress::done;
  }
}

/// What had to wait for the disk.
voice_upload::progress voice_upload::go_on() {
  while (!unwritten_.empty()) {
    unwritten_.remove_prefix(sink_->append(unwritten_));
    if (!unwritten_.empty() && sink_->full())
      return progress::wait;
  }
  if (!closing_)
    return progress::done;
  if (!sink_->done())
    return progress::wait;
  closing_ = false;
  const int error = sink_->error();
  sink_.reset();
  if (error != 0)
    return refuse({response_detail::storage_failed,
                   "the upload cannot be stored: " + std::generic_category().message(error),
                   {}});
  return progress::done;
}

voice_upload::progress voice_upload::begin_part() {
  const auto& part = input_.part();
  target_ = target::nothing; // fields that nobody knows are read over
  if (part.name == "name" && !part.has_filename) {
    if (has_name_)
      return refuse({response_detail::bad_request, "given twice", "name"});
    has_name_ = true;
    target_ = target::name;
    return progress::done;
  }
  if (part.name != "files")
    return progress::done;
  if (!part.has_filename)
    return refuse({response_detail::bad_request, "has to be a file", "files"});
  if (files_.size() == max_voice_files)
    return refuse(
        {response_detail::bad_request, "more than " + std::to_string(max_voice_files), "files"});
  shown_name_ = part.filename.empty() ? "file " + std::to_string(files_.size() + 1)
                                      : http::shown_name(part.filename);
  if (!claims_to_be_wav(part))
    return refuse_file("not a WAV file by its name or type");
  target_ = target::file;
  wav_ = {};
  const auto file = std::to_string(files_.size()) + ".wav";
  files_.emplace_back(file, 0.0);
  sink_ = net::make_local<net::file_sink>(ex_.owner().io, blocking_, directory_ + '/' + file,
                                          ex_.wake());
  return progress::done;
}

voice_upload::progress voice_upload::take_name(std::string_view data) {
  if (name_.size() + data.size() > max_name_bytes)
    return refuse({response_detail::bad_request, "too long", "name"});
  name_.append(data);
  return progress::done;
}

/// Refuses what is no WAV as soon as that is plain, instead of storing 50 MB of it first.
voice_upload::progress voice_upload::look_at_header(std::string_view data) {
  switch (wav_.feed(data)) {
  case http::wav_status::ok:
  case http::wav_status::need_more:
    return progress::done;
  default:
    return refuse_file(wav_.problem());
  }
}

voice_upload::progress voice_upload::take_data(std::string_view data) {
  if (target_ == target::name)
    return take_name(data);
  if (target_ == target::nothing)
    return progress::done;
  if (sink_->size() + data.size() > max_voice_file_bytes)
    return refuse_file("larger than " + std::to_string(max_voice_file_bytes / (1024 * 1024)) +
                       " MB");
  if (const auto how = look_at_header(data); how != progress::done)
    return how;
  unwritten_ = data;
  return go_on();
}

voice_upload::progress voice_upload::end_part() {
  if (std::exchange(target_, target::nothing) != target::file)
    return progress::done;
  const auto size = sink_->size();
  if (size < min_voice_file_bytes)
    return refuse_file("shorter than a WAV header");
  // A header that promises more than there is, is no ground for refusal: what there is is heard.
  if (wav_.finish(size) != http::wav_status::ok)
    return refuse_file(wav_.problem());
  files_.back().duration_seconds = wav_.info().duration_seconds;
  sink_->finish();
  closing_ = true;
  return go_on();
}

/// Waits until a file that was given up is no longer being written.
net::task<void> voice_upload::let_go() {
  while (sink_ && !sink_->idle())
    co_await ex_.wake()->wait();
  sink_.reset();
}

} // namespace synapse::api
