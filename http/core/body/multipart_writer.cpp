#include "http/core/body/multipart_writer.hpp"

#include "http/core/head/scan.hpp"

#include <array>
#include <random>
#include <sys/random.h>

namespace synapse::http {
namespace {

constexpr std::string_view disposition = "\r\nContent-Disposition: form-data; name=\"";
constexpr std::string_view before_filename = "\"; filename=\"";
constexpr std::string_view before_type = "\"\r\nContent-Type: ";
constexpr std::string_view empty_line = "\r\n\r\n";
constexpr std::string_view line_end = "\r\n";

bool is_percent_encoded(unsigned char c) noexcept {
  return c < 0x20 || c == '"' || c == 0x7f;
}

std::size_t escaped_size(std::string_view text) noexcept {
  std::size_t size = text.size();
  for (const char c : text)
    size += is_percent_encoded(static_cast<unsigned char>(c)) ? 2 : c == '\\' ? 1 : 0;
  return size;
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr char hex[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_percent_encoded(byte))
      out.append({'%', hex[byte >> 4], hex[byte & 15]});
    else if (c == '\\')
      out += "\\\\";
    else
      out += c;
  }
}

std::string_view usable_type(std::string_view type) noexcept {
  const char* end = type.data() + type.size();
  if (type.empty() || detail::find_control(type.data(), end) != end)
    return "application/octet-stream";
  return type;
}

} // namespace

std::string multipart_writer::make_boundary() {
  std::array<unsigned char, 16> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    // Only a kernel without getrandom gets here; the library then reads what it finds.
    std::random_device device;
    for (unsigned char& b : bytes)
      b = static_cast<unsigned char>(device());
  }
  constexpr char hex[] = "0123456789abcdef";
  std::string out = "synapse-";
  for (const unsigned char b : bytes)
    out.append({hex[b >> 4], hex[b & 15]});
  return out;
}

std::string multipart_writer::content_type() const {
  const char* end = boundary_.data() + boundary_.size();
  const bool token = detail::find_token_end(boundary_.data(), end) == end;
  std::string out = "multipart/form-data; boundary=";
  out.append(token ? "" : "\"").append(boundary_).append(token ? "" : "\"");
  return out;
}

void multipart_writer::append_field(std::string& out, std::string_view name,
                                    std::string_view value) const {
  out.append("--").append(boundary_).append(disposition);
  append_escaped(out, name);
  out.append("\"").append(empty_line).append(value).append(line_end);
}

void multipart_writer::append_file_head(std::string& out, std::string_view name,
                                        std::string_view filename,
                                        std::string_view content_type) const {
  out.append("--").append(boundary_).append(disposition);
  append_escaped(out, name);
  out.append(before_filename);
  append_escaped(out, filename);
  out.append(before_type).append(usable_type(content_type)).append(empty_line);
}

void multipart_writer::append_close(std::string& out) const {
  out.append("--").append(boundary_).append("--").append(line_end);
}

std::size_t multipart_writer::field_size(std::string_view name,
                                         std::string_view value) const noexcept {
  return 2 + boundary_.size() + disposition.size() + escaped_size(name) + 1 + empty_line.size() +
         value.size() + line_end.size();
}

std::size_t multipart_writer::file_framing_size(std::string_view name, std::string_view filename,
                                                std::string_view content_type) const noexcept {
  return 2 + boundary_.size() + disposition.size() + escaped_size(name) + before_filename.size() +
         escaped_size(filename) + before_type.size() + usable_type(content_type).size() +
         empty_line.size() + line_end.size();
}

std::size_t multipart_writer::close_size() const noexcept {
  return 2 + boundary_.size() + 2 + line_end.size();
}

} // namespace synapse::http
