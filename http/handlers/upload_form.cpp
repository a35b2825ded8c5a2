#include "http/handlers/upload_form.hpp"

#include "http/core/field.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace synapse::handlers {

using http::response_detail;
using step = form_input::step;

namespace {
/// All text fields of a form together: a prompt is the largest there is.
constexpr std::size_t max_text_bytes = 64 * 1024;
constexpr std::size_t shown_field_bytes = 100;
} // namespace

upload_form::upload_form(server::exchange& exchange, std::string_view boundary,
                         std::span<const form_field> fields)
    : input_(exchange, boundary, exchange.settings().limits.max_upload_bytes),
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
  return refuse(
      {response_detail::bad_request, shown_name_ + ": " + reason, std::string{current_->name}});
}

net::task<upload_form::beginning> upload_form::begin() {
  while (framing_.empty()) {
    const auto how = read_on();
    if (how == state::failed)
      co_return beginning::refused;
    if (how == state::wait && !co_await input_.more()) {
      if (input_.gone())
        co_return beginning::gone;
      refuse(input_.why());
      co_return beginning::refused;
    }
  }
  co_return beginning::ready;
}

body_source::state upload_form::next(std::string_view& piece) {
  while (framing_.empty() && data_.empty() && !complete_)
    if (const auto how = read_on(); how == state::wait || how == state::failed)
      return how;
  if (failed_)
    return state::failed;
  if (framing_.empty() && data_.empty())
    return state::end;
  piece = framing_.empty() ? data_ : std::string_view{framing_};
  return state::data;
}

void upload_form::release() {
  if (!framing_.empty())
    framing_.clear();
  else
    data_ = {};
}

/// Reads one thing of what has come. `data` here means: go on.
body_source::state upload_form::read_on() {
  if (failed_)
    return state::failed;
  std::string_view data;
  bool good = true;
  switch (input_.next(data)) {
  case step::wait:
    return state::wait;
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
  return good ? state::data : state::failed;
}

bool upload_form::begin_part() {
  const auto& part = input_.part();
  current_ = known(part.name);
  if (current_ == nullptr) {
    if (!part.has_filename)
      return true;
    const auto wanted = std::find_if(fields_.begin(), fields_.end(), [&](const form_field& one) {
      return one.file && std::find(files_.begin(), files_.end(), one.name) == files_.end();
    });
    if (wanted == fields_.end())
      return refuse(invalid_field(part.name.substr(0, shown_field_bytes), "a file too many"));
    return refuse(invalid_field(std::string{wanted->name},
                                "Field required; the form has a file in the field " +
                                    part.name.substr(0, shown_field_bytes)));
  }
  if (!current_->file) {
    if (part.has_filename)
      return refuse(invalid_field(part.name, "has to be a text, not a file"));
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
  shown_name_ = part.filename.empty() ? "the file" : part.filename.substr(0, shown_field_bytes);
  beginning_bytes_.clear();
  file_bytes_ = 0;
  kind_known_ = wav_seen_ = false;
  writer_.append_file_head(framing_, part.name, part.filename, part.content_type);
  return true;
}

bool upload_form::take_data(std::string_view data) {
  if (current_ == nullptr)
    return true;
  if (!current_->file) {
    text_bytes_ += data.size();
    if (text_bytes_ > max_text_bytes)
      return refuse(
          {response_detail::body_too_large,
           "the text fields of the form exceed " + std::to_string(max_text_bytes) + " bytes",
           std::string{current_->name}});
    values_.find(current_->name)->second.back().append(data);
    return true;
  }
  file_bytes_ += data.size();
  if (!kind_known_ || !wav_seen_) {
    const auto wanted = kind_known_ ? http::max_wav_header_bytes : http::media_signature_bytes;
    const auto before = beginning_bytes_.size();
    beginning_bytes_.append(data.substr(0, wanted - std::min(wanted, before)));
    if (!check_beginning(false))
      return false;
    // Having become known as WAV, all that is here may belong to the header.
    if (kind_known_ && !wav_seen_ && wanted == http::media_signature_bytes) {
      beginning_bytes_.append(data.substr(beginning_bytes_.size() - before)
                                  .substr(0, http::max_wav_header_bytes - beginning_bytes_.size()));
      if (!check_beginning(false))
        return false;
    }
  }
  data_ = data;
  return true;
}

/// Refuses what is plainly no recording as soon as that is plain.
/// @param all there is no more of the file.
bool upload_form::check_beginning(bool all) {
  if (!kind_known_) {
    if (!all && beginning_bytes_.size() < http::media_signature_bytes)
      return true;
    kind_ = http::identify_media(beginning_bytes_);
    kind_known_ = true;
    wav_seen_ = kind_ != http::media_kind::wav;
    if (kind_ == http::media_kind::unknown)
      return refuse_file("not a recording: it begins like no audio or video format that is known");
  }
  if (kind_ != http::media_kind::wav || (wav_seen_ && !all))
    return true;
  http::wav_info info;
  std::string problem;
  const auto status = http::parse_wav_header(
      beginning_bytes_, all ? file_bytes_ : http::wav_size_unknown, info, problem);
  // Kinds of WAV that are not read here are the backend's business.
  wav_seen_ = wav_seen_ || status != http::wav_status::need_more;
  if (status == http::wav_status::not_wav)
    return refuse_file(problem);
  if (all && status == http::wav_status::need_more)
    return refuse_file("its WAV header is incomplete");
  if (all && status == http::wav_status::ok && info.missing_bytes != 0)
    return refuse_file("cut off: its header promises " + std::to_string(info.missing_bytes) +
                       " bytes more than it has");
  return true;
}

bool upload_form::end_part() {
  const auto* part = std::exchange(current_, nullptr);
  if (part == nullptr)
    return true;
  if (part->file) {
    current_ = part;
    if (file_bytes_ == 0)
      return refuse_file("it is empty");
    if (!check_beginning(true))
      return false;
    current_ = nullptr;
    writer_.append_part_end(framing_);
    return true;
  }
  const auto& value = values_.find(part->name)->second.back();
  if (part->check == nullptr)
    return true;
  if (auto problem = part->check(value); !problem.empty())
    return refuse({part->if_wrong, std::move(problem), std::string{part->name}});
  return true;
}

bool upload_form::end_form() {
  for (const auto& one : fields_) {
    const bool there = one.file ? std::find(files_.begin(), files_.end(), one.name) != files_.end()
                                : has(one.name);
    if (one.required && !there)
      return refuse(missing_field(std::string{one.name}));
  }
  std::optional<refusal> why;
  const auto rest = to_backend ? to_backend(*this, why) : text_fields{};
  if (why)
    return refuse(std::move(*why));
  for (const auto& [name, text] : rest)
    writer_.append_field(framing_, name, text);
  writer_.append_close(framing_);
  complete_ = true;
  return true;
}

// ---- checks of values ----

namespace {
constexpr std::array<std::string_view, 6> true_texts{"true", "1", "yes", "on", "t", "y"};
constexpr std::array<std::string_view, 6> false_texts{"false", "0", "no", "off", "f", "n"};

bool one_of(std::string_view value, std::span<const std::string_view> texts) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](std::string_view one) { return http::iequals(value, one); });
}
} // namespace

bool is_true(std::string_view value) {
  return one_of(value, true_texts);
}

std::string check_boolean(std::string_view value) {
  return value.empty() || is_true(value) || one_of(value, false_texts) ? ""
                                                                       : "has to be true or false";
}

std::optional<long> whole_number(std::string_view value) {
  long number = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || value.size() > 9 || read.ec != std::errc{} ||
      read.ptr != value.data() + value.size())
    return {};
  return number;
}

} // namespace synapse::handlers
