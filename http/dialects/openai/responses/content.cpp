// What a message of a response's input, or the output of a call, says in parts.
#include "http/dialects/openai/responses/draft.hpp"

#include <array>

namespace synapse::http::openai::responses {

namespace {
using detail::is_said;
using detail::is_text;
using wanted = detail::named_value;

/// The parts of one content, as a chat has them.
class parts {
public:
  parts(draft& to, bool by_assistant, std::size_t bytes) : to_(to), by_assistant_(by_assistant) {
    list_.reserve(bytes + 128); // images are large
  }

  bool add(std::string_view part, const std::string& place);
  /// A single text stays one: not every backend takes parts from everybody.
  void append(std::string& out) const;

private:
  bool add_text(std::string_view text, const std::string& place);
  bool add_refusal(std::string_view text, const std::string& place);
  bool add_image(std::string_view part, const std::string& place);
  bool add_audio(std::string_view part, const std::string& place);
  std::string& begin_other();

  draft& to_;
  std::string list_;      ///< without brackets
  std::string_view text_; ///< of the only part, when that is a text
  std::string scratch_;
  std::size_t count_ = 0;
  bool by_assistant_;
};

void parts::append(std::string& out) const {
  if (count_ == 0)
    out += "\"\"";
  else if (!text_.empty())
    out += text_;
  else
    ((out += '[') += list_) += ']';
}

std::string& parts::begin_other() {
  text_ = {};
  return list_ += count_++ > 0 ? "," : "";
}

bool parts::add_text(std::string_view text, const std::string& place) {
  if (!text.starts_with('"'))
    return to_.refuse(place + ".text", "has to be a string");
  const bool only = count_ == 0;
  ((begin_other() += R"({"type":"text","text":)") += text) += '}';
  text_ = only ? text : std::string_view{};
  return true;
}

bool parts::add_refusal(std::string_view text, const std::string& place) {
  if (!text.starts_with('"'))
    return to_.refuse(place + ".refusal", "has to be a string");
  ((begin_other() += R"({"type":"refusal","refusal":)") += text) += '}';
  return true;
}

bool parts::add(std::string_view part, const std::string& place) {
  const auto type = detail::value_in(part, "type");
  for (const auto* text : {"input_text", "output_text", "text"})
    if (detail::says(type, text))
      return add_text(detail::value_in(part, "text"), place);
  if (by_assistant_) {
    if (detail::says(type, "refusal"))
      return add_refusal(detail::value_in(part, "refusal"), place);
    return to_.refuse(place + ".type", "has to be output_text or refusal");
  }
  if (detail::says(type, "input_image"))
    return add_image(part, place);
  if (detail::says(type, "input_audio"))
    return add_audio(part, place);
  if (detail::says(type, "input_file"))
    return to_.refuse(place, "cannot be a file: the backend takes texts and images");
  return to_.refuse(place + ".type", "has to be input_text or input_image");
}

bool parts::add_image(std::string_view part, const std::string& place) {
  std::string_view url, file, level;
  detail::find_members(part, std::array{wanted{"image_url", &url}, wanted{"file_id", &file},
                                        wanted{"detail", &level}});
  if (url.empty() && is_said(file))
    return to_.refuse(place + ".file_id", "cannot be had: the backend keeps no files");
  auto plain = detail::inner(url);
  if (plain.find('\\') != std::string_view::npos) { // many write \/ for every slash
    scratch_ = detail::unquoted(url);
    plain = scratch_;
  }
  if (!is_text(url) ||
      (!detail::is_web_url(plain) && !detail::is_base64(detail::image_in(plain).data)))
    return to_.refuse(place + ".image_url",
                      "has to be the URL of an image, or a data: URL in base64");
  auto& out = begin_other() += R"({"type":"image_url","image_url":{"url":)";
  out += url;
  if (is_text(level))
    (out += R"(,"detail":)") += level;
  out += "}}";
  return true;
}

bool parts::add_audio(std::string_view part, const std::string& place) {
  const auto audio = detail::value_in(part, "input_audio");
  if (!audio.starts_with('{'))
    return to_.refuse(place + ".input_audio", "has to be an object");
  ((begin_other() += R"({"type":"input_audio","input_audio":)") += audio) += '}';
  return true;
}
} // namespace

bool append_content(draft& to, std::string& out, std::string_view content, bool by_assistant,
                    const std::string& place) {
  if (content.starts_with('"')) {
    out += content;
    return true;
  }
  if (!content.starts_with('['))
    return to.refuse(place, "has to be a string or a list");
  parts all{to, by_assistant, content.size()};
  std::size_t index = 0;
  const bool good = detail::each_of(content, [&](std::string_view part) {
    return all.add(part, detail::indexed(place, index++));
  });
  if (good)
    all.append(out);
  return good;
}

} // namespace synapse::http::openai::responses
