#include "actors/voices/voice.hpp"

#include "actors/storage/file_ops.hpp"
#include "telemetry/text_escape.hpp"

#include <nlohmann/json.hpp>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <sys/random.h>

namespace synapse::voices {

namespace {

using storage::describe_errno;
using storage::io_failure;

using json = nlohmann::ordered_json; // a rewritten file keeps the order of its keys

constexpr std::string_view prefix = "ref_";
constexpr std::string_view suffix = ".wav";
constexpr std::size_t uuid_length = 36;
constexpr std::size_t token_length = 32;

bool is_hyphen_position(std::size_t at) {
  return at == 8 || at == 13 || at == 18 || at == 23;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::array<std::uint8_t, 16> random_bytes() {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto got = ::getrandom(bytes.data() + have, bytes.size() - have, 0);
    if (got < 0 && errno != EINTR)
      throw io_failure{errno, "no random numbers: " + describe_errno(errno)};
    have += got < 0 ? 0 : static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string hex(const std::array<std::uint8_t, 16>& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

/// The character that valid UTF-8 begins with; `length` as utf8_length says.
char32_t decode(std::string_view text, std::size_t length) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  if (length == 1)
    return byte(0);
  char32_t character = byte(0) & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i)
    character = (character << 6) | (byte(i) & 0x3fU);
  return character;
}

bool is_space(char32_t c) {
  return c == U' ' || (c >= 0x09 && c <= 0x0d) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

bool is_control(char32_t c) {
  // The separators of lines and paragraphs end a line as well as a line feed does.
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

[[noreturn]] void damaged(const std::string& why) {
  throw io_failure{EBADMSG, why};
}

json parse_object(std::string_view text) {
  auto document = json::parse(text, nullptr, false);
  if (document.is_discarded())
    damaged("metadata.json is not JSON");
  if (!document.is_object())
    damaged("metadata.json is not a JSON object");
  return document;
}

std::string text_of(const json& document) {
  return document.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string string_in(const json& document, const char* key) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_string())
    damaged(std::string{"metadata.json: `"} + key + "` is not a string");
  return found->get<std::string>();
}

} // namespace

bool is_voice_id(std::string_view text) noexcept {
  if (text.size() == token_length)
    return std::all_of(text.begin(), text.end(), is_hex);
  if (text.size() != uuid_length)
    return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (is_hyphen_position(i) ? text[i] != '-' : !is_hex(text[i]))
      return false;
  return true;
}

std::string make_token() {
  return hex(random_bytes());
}

std::string make_voice_id() {
  auto bytes = random_bytes();
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40); // version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80); // the usual variant
  std::string id;
  for (const char digit : hex(bytes)) {
    if (is_hyphen_position(id.size()))
      id += '-';
    id += digit;
  }
  return id;
}

result<std::string> clean_name(std::string_view raw) {
  const failure too_long{store_error::invalid,
                         "name: longer than " + std::to_string(max_name_length) + " characters"};
  // Four bytes per character, three times that where it is decomposed, and as much again for what
  // is trimmed: no need to look at megabytes.
  if (raw.size() > 24 * max_name_length)
    return too_long;
  struct character {
    std::size_t at;
    std::size_t end;
    char32_t code;
  };
  std::vector<character> characters;
  for (std::size_t at = 0; at < raw.size();) {
    const auto length = telemetry::utf8_length(raw.substr(at));
    if (length == 0)
      return failure{store_error::invalid, "name: not valid UTF-8"};
    characters.push_back({at, at + length, decode(raw.substr(at), length)});
    at += length;
  }
  const auto kept = [](const character& c) { return !is_space(c.code); };
  const auto first = std::find_if(characters.begin(), characters.end(), kept);
  const auto last = std::find_if(characters.rbegin(), characters.rend(), kept).base();
  if (first == characters.end())
    return failure{store_error::invalid, "name: must not be empty"};
  std::string name{raw.substr(first->at, (last - 1)->end - first->at)};
  if (static_cast<std::size_t>(last - first) > max_name_length &&
      characters_in(comparable_name(name)) > max_name_length)
    return too_long;
  if (std::any_of(first, last, [](const character& c) { return is_control(c.code); }))
    return failure{store_error::invalid, "name: must not contain control characters"};
  return name;
}

std::string comparable_name(std::string_view name) {
  const auto ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(name.begin(), name.end(), ascii))
    return std::string{name};
  utf8proc_uint8_t* composed = nullptr;
  const auto size =
      ::utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(name.data()),
                     static_cast<utf8proc_ssize_t>(name.size()), &composed,
                     static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (size < 0)
    return std::string{name};
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned{composed, &std::free};
  return {reinterpret_cast<const char*>(composed), static_cast<std::size_t>(size)};
}

std::optional<std::uint32_t> reference_number(std::string_view file_name) noexcept {
  if (!file_name.starts_with(prefix) || !file_name.ends_with(suffix))
    return std::nullopt;
  const auto digits =
      file_name.substr(prefix.size(), file_name.size() - prefix.size() - suffix.size());
  std::uint32_t number = 0;
  const auto* end = digits.data() + digits.size();
  // Nine digits at most: the next number still has room in 32 bits.
  if (digits.size() < 3 || digits.size() > 9 ||
      std::from_chars(digits.data(), end, number).ptr != end)
    return std::nullopt;
  return number;
}

std::string reference_name(std::uint32_t number) {
  auto digits = std::to_string(number);
  if (digits.size() < 3)
    digits.insert(0, 3 - digits.size(), '0');
  return std::string{prefix} + digits + std::string{suffix};
}

std::string utc_now() {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const auto seconds = static_cast<std::time_t>(now / 1'000'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06d+00:00",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, static_cast<int>(now % 1'000'000));
  return text.data();
}

voice parse_metadata(std::string_view text, const std::string& id) {
  const auto document = parse_object(text);
  voice result;
  result.id = id;
  if (string_in(document, "voice_id") != id)
    damaged("metadata.json: `voice_id` is that of another voice");
  result.name = string_in(document, "name");
  if (document.contains("created_at"))
    result.created_at = string_in(document, "created_at");
  if (const auto seconds = document.find("duration_seconds");
      seconds != document.end() && !seconds->is_null()) {
    if (!seconds->is_number())
      damaged("metadata.json: `duration_seconds` is not a number");
    result.seconds = seconds->get<double>();
  }
  return result;
}

std::string make_metadata(const voice& what) {
  return text_of({{"voice_id", what.id},
                  {"name", what.name},
                  {"created_at", what.created_at},
                  {"duration_seconds", what.seconds}});
}

std::string with_seconds(std::string_view text, double seconds) {
  auto document = parse_object(text);
  document["duration_seconds"] = seconds;
  return text_of(document);
}

} // namespace synapse::voices
