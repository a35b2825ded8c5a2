#include "http/dialects/piper/to_openai.hpp"

#include "http/core/json/json_members.hpp"
#include "http/dialects/audio_answer.hpp"
#include "http/dialects/openai/audio/speech_events.hpp"
#include "http/dialects/piper/pcm_at_24khz.hpp"

namespace synapse::http::piper {
namespace {

constexpr std::size_t max_page_bytes = 16 * 1024; // of which anything is read
constexpr std::size_t max_sentence_bytes = 300;

/// The text of the first element of that name; empty: there is none.
std::string_view element(std::string_view page, std::string_view begin, std::string_view end) {
  const auto at = page.find(begin);
  if (at == std::string_view::npos)
    return {};
  page.remove_prefix(at + begin.size());
  return page.substr(0, page.find(end));
}

/// What a page says to people: its paragraph, or its title, or all of it; blanks in a row are one.
std::string sentence_in(std::string_view page) {
  page = page.substr(0, max_page_bytes);
  auto text = element(page, "<p>", "</p>");
  if (text.empty())
    text = element(page, "<title>", "</title>");
  if (text.empty())
    text = page;
  std::string said;
  bool in_tag = false, blank = false;
  for (const char c : text) {
    if (c == '<' || c == '>') {
      in_tag = c == '<';
      blank = true;
    } else if (static_cast<unsigned char>(c) <= ' ') {
      blank = true;
    } else if (!in_tag) {
      if (blank && !said.empty())
        said += ' ';
      blank = false;
      said += c;
    }
  }
  return std::string{detail::shortened(said, max_sentence_bytes)};
}

} // namespace

std::span<const std::string_view> openai_formats() noexcept {
  static constexpr std::string_view formats[]{"wav", "pcm"};
  return formats;
}

openai_answer::openai_answer(std::string_view format, bool events) {
  if (format == "pcm")
    audio_ = std::make_unique<pcm_at_24khz>();
  else
    audio_ = std::make_unique<audio_answer>(media_kind::wav, "audio/wav", "");
  if (events)
    events_ = std::make_unique<openai::speech_events>(*audio_);
}

trouble read_trouble(unsigned status, std::string_view body) {
  trouble result;
  result.status = status == 503 || status == 504 ? status : 502;
  result.other_generation = status == 404 || status == 405;
  result.text = "it answered with status " + std::to_string(status);
  if (result.other_generation)
    result.text += ": it has other routes than it had";
  else if (const auto said = sentence_in(body); !said.empty())
    result.text += ": " + said;
  return result;
}

} // namespace synapse::http::piper
