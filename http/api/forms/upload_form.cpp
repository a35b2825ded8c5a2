#include "http/api/forms/upload_form.hpp"

#include <algorithm>
#include <utility>

namespace synapse::api {

using http::response_detail;
using step = form_input::step;

namespace {
/// All text fields of a form together: a prompt is the largest there is.
constexpr std::size_t max_text_bytes = 64 * 1024;
/// What a field costs besides its name and value.
constexpr std::size_t field_bytes = 64;
} // namespace

upload_form::upload_form(server::exchange& exchange, std::string_view boundary,
                         std::span<const form_field> fields, upload_body* kept)
    : input_(exchange, boundary, exchange.settings().limits.max_upload_bytes, kept),
      writer_(http::multipart_writer::make_boundary()), fields_(fields) {}

bool upload_form::has(std::string_view name) const {
  return values_.contains(name);
}

std::string_view upload_form::value(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string_view{} : found->second.back();
}

std::vector<std::string_view> upload_form::values(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end())
    return {};
  return {found->second.begin(), found->second.end()};
}

const form_field* upload_form::known(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const form_field& one) { return one.name == name; });
  return found == fields_.end() ? nullptr : &*found;
}

bool upload_form::refuse(refusal why) {
  why_ = std::move(why);
  failed_ = true;
  return false;
}

bool upload_form::refuse_file(const std::string& reason) {
  const auto message = shown_name_.empty() ? reason : shown_name_ + ": " + reason;
  return refuse({response_detail::bad_request, message, std::string{current_->name}});
}

net::task<upload_form::beginning> upload_form::begin() {
  while (framing_.empty()) {
    const auto how = read_on();
    if (how == http::body_piece::failed)
      co_return beginning::refused;
    if (how == http::body_piece::wait && !co_await input_.more()) {
      if (input_.gone())
        co_return beginning::gone;
      refuse(input_.why());
      co_return beginning::refused;
    }
  }
  co_return beginning::ready;
}

http::body_piece upload_form::next(std::string_view& piece) {
  while (framing_.empty() && data_.empty() && !complete_)
    if (const auto how = read_on();
        how == http::body_piece::wait || how == http::body_piece::failed)
      return how;
  if (failed_)
    return http::body_piece::failed;
  if (framing_.empty() && data_.empty())
    return http::body_piece::end;
  piece = framing_.empty() ? data_ : std::string_view{framing_};
  return http::body_piece::data;
}

void upload_form::release() {
  if (!framing_.empty())
    framing_.clear();
  else
    data_ = {};
}

/// Reads one thing of what has come. `data` here means: go on.
http::body_piece upload_form::read_on() {
  if (failed_)
    return http::body_piece::failed;
  std::string_view data;
  bool good = true;
  switch (input_.next(data)) {
  case step::wait:
    return http::body_piece::wait;
  case step::part_begin:
    good = begin_part();
    break;
  case step::data:
    good = take_data(data);
    break;
  case step::part_end:
    good = end_part();
    break;
  case step::end:
    good = end_form();
    break;
  case step::failed:
    good = refuse(input_.why());
    break;
  }
  return good ? http::body_piece::data : http::body_piece::failed;
}

/// A text field that is not among those known.
bool upload_form::begin_other() {
  if (!takes_others)
    return true;
  const auto& name = input_.part().name;
  if (!has_room(name.size() + field_bytes))
    return false;
  other_ = &values_[name].emplace_back();
  return true;
}

bool upload_form::begin_part() {
  const auto& part = input_.part();
  current_ = known(part.name);
  if (current_ == nullptr) {
    if (!part.has_filename)
      return begin_other();
    const auto wanted = std::find_if(fields_.begin(), fields_.end(), [&](const form_field& one) {
      return one.file && std::find(files_.begin(), files_.end(), one.name) == files_.end();
    });
    if (wanted == fields_.end())
      return refuse(invalid_field(http::shown_name(part.name), "a file too many"));
    auto fault = fault_missing();
    fault.message += "; the form has a file in the field " + http::shown_name(part.name);
    fault.msg = fault.message;
    return refuse(refusal_for(wanted->name, fault, {}));
  }
  if (!current_->file) {
    if (part.has_filename)
      return refuse(refusal_for(part.name, fault_string_type(), {}));
    auto& values = values_[part.name];
    if (!values.empty() && !current_->repeated)
      return refuse(invalid_field(part.name, "given twice"));
    values.emplace_back();
    text_bytes_ += part.name.size();
    return true;
  }
  if (!part.has_filename)
    return refuse(invalid_field(part.name, "has to be a file, with a file name"));
  if (std::find(files_.begin(), files_.end(), current_->name) != files_.end())
    return refuse(invalid_field(part.name, "given twice"));
  files_.push_back(current_->name);
  shown_name_ = http::shown_name(part.filename);
  beginning_bytes_.clear();
  file_bytes_ = 0;
  kind_known_ = false;
  wav_ = {};
  writer_.append_file_head(framing_, part.name, part.filename, part.content_type);
  return true;
}

/// For text fields.
bool upload_form::has_room(std::size_t bytes) {
  text_bytes_ += bytes;
  return text_bytes_ <= max_text_bytes ||
         refuse({response_detail::body_too_large,
                 "the text fields of the form exceed " + std::to_string(max_text_bytes) + " bytes",
                 input_.part().name});
}

bool upload_form::take_data(std::string_view data) {
  if (current_ == nullptr && other_ == nullptr)
    return true;
  if (other_ != nullptr || !current_->file) {
    if (!has_room(data.size()))
      return false;
    auto& value = other_ != nullptr ? *other_ : values_.find(current_->name)->second.back();
    value.append(data);
    return true;
  }
  file_bytes_ += data.size();
  if (!look_at(data))
    return false;
  data_ = data;
  return true;
}

/// Refuses what is plainly no recording as soon as that is plain.
bool upload_form::look_at(std::string_view data) {
  if (!kind_known_) {
    const auto rest = http::media_signature_bytes - beginning_bytes_.size();
    beginning_bytes_.append(data.substr(0, rest));
    if (beginning_bytes_.size() < http::media_signature_bytes)
      return true;
    if (!take_kind())
      return false;
    data.remove_prefix(rest);
  }
  // Kinds of WAV that are not read here are the backend's business.
  if (kind_ == http::media_kind::wav && wav_.feed(data) == http::wav_status::not_wav)
    return refuse_file(wav_.problem());
  return true;
}

/// The first bytes are there, or there are no more.
bool upload_form::take_kind() {
  kind_ = http::identify_media(beginning_bytes_);
  kind_known_ = true;
  if (kind_ == http::media_kind::unknown)
    return refuse_file("not a recording: it begins like no audio or video format that is known");
  if (kind_ == http::media_kind::wav && wav_.feed(beginning_bytes_) == http::wav_status::not_wav)
    return refuse_file(wav_.problem());
  return true;
}

bool upload_form::end_part() {
  other_ = nullptr;
  const auto* part = std::exchange(current_, nullptr);
  if (part == nullptr)
    return true;
  if (part->file) {
    current_ = part;
    if (file_bytes_ == 0)
      return refuse_file("it is empty");
    if (!kind_known_ && !take_kind())
      return false;
    // A header that promises more than there is, is no ground for refusal: what there is is heard.
    if (kind_ == http::media_kind::wav && wav_.finish(file_bytes_) == http::wav_status::not_wav)
      return refuse_file(wav_.problem());
    current_ = nullptr;
    writer_.append_part_end(framing_);
    return true;
  }
  const auto& value = values_.find(part->name)->second.back();
  if (part->check == nullptr)
    return true;
  const auto fault = part->check(value);
  if (!fault)
    return true;
  auto why = refusal_for(part->name, fault, value);
  if (part->if_wrong != response_detail::unprocessable)
    why = {part->if_wrong, fault.message, std::string{part->name}};
  return refuse(std::move(why));
}

bool upload_form::end_form() {
  for (const auto& one : fields_) {
    const bool there = one.file ? std::find(files_.begin(), files_.end(), one.name) != files_.end()
                                : has(one.name);
    if (one.required && !there)
      return refuse(missing_field(std::string{one.name}));
  }
  std::optional<refusal> why;
  const auto rest = to_backend ? to_backend(*this, why) : http::form_fields{};
  if (why)
    return refuse(std::move(*why));
  for (const auto& [name, text] : rest)
    writer_.append_field(framing_, name, text);
  writer_.append_close(framing_);
  complete_ = true;
  return true;
}

} // namespace synapse::api
