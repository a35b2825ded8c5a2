#include "http/dashboard/front_end.hpp"

#include "http/core/head/field.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

namespace synapse::api {

namespace fs = std::filesystem;

namespace {
std::string_view type_of(const fs::path& name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> types{{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
  }};
  const auto extension = name.extension().string();
  for (const auto& [known, type] : types)
    if (extension == known)
      return type;
  return "application/octet-stream";
}

std::string tag_of(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    return {};
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text{'"'};
  for (std::size_t i = 0; i < 12; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text + '"';
}

bool read_file(const fs::path& path, std::size_t& budget, std::string& into) {
  std::error_code ec;
  const auto size = fs::file_size(path, ec);
  if (ec || size > budget)
    return false;
  std::ifstream file{path, std::ios::binary};
  if (!file)
    return false;
  into.assign(std::istreambuf_iterator<char>{file}, {});
  if (into.size() != size)
    return false;
  budget -= into.size();
  return !file.bad();
}

/// The weight of a coding; 0: not wanted; -1: not named.
double weight_of(std::string_view accept, std::string_view coding) {
  double any = -1;
  while (!accept.empty()) {
    const auto end = accept.find(',');
    auto one = accept.substr(0, end);
    accept = end == std::string_view::npos ? std::string_view{} : accept.substr(end + 1);
    const auto parameters = one.find(';');
    auto name = one.substr(0, parameters);
    while (name.starts_with(' ') || name.starts_with('\t'))
      name.remove_prefix(1);
    while (name.ends_with(' ') || name.ends_with('\t'))
      name.remove_suffix(1);
    double weight = 1;
    if (parameters != std::string_view::npos) {
      const auto rest = one.substr(parameters);
      const auto q = rest.find("q=");
      if (q != std::string_view::npos)
        weight = std::strtod(std::string{rest.substr(q + 2)}.c_str(), nullptr);
    }
    if (http::iequals(name, coding))
      return weight;
    if (name == "*")
      any = weight;
  }
  return any;
}
} // namespace

dashboard_files dashboard_files::load(const fs::path& directory, std::string& problem) {
  dashboard_files result;
  std::size_t budget = max_bytes;
  const auto add = [&](const fs::path& path, const std::string& name) {
    static_file file;
    file.content_type = type_of(path);
    if (!read_file(path, budget, file.plain)) {
      problem = "cannot read " + path.string() + ", or all is more than " +
                std::to_string(max_bytes) + " bytes";
      return false;
    }
    file.etag = tag_of(file.plain);
    std::error_code ec;
    for (const auto& [ending, into] : {std::pair{".gz", &file.gzip}, {".br", &file.brotli}}) {
      const fs::path packed{path.string() + ending};
      if (fs::is_regular_file(fs::symlink_status(packed, ec)) && !read_file(packed, budget, *into))
        into->clear();
    }
    result.files_.emplace(name, std::move(file));
    return true;
  };
  std::error_code ec;
  const auto index = directory / "index.html";
  if (!fs::is_regular_file(index, ec)) {
    problem = "there is no " + index.string();
    return {};
  }
  if (!add(index, "index.html"))
    return {};
  if (const auto docs = directory / "docs.html"; fs::is_regular_file(docs, ec))
    if (!add(docs, "docs.html"))
      return {};
  for (auto entry = fs::directory_iterator{directory / "assets", ec};
       !ec && entry != fs::directory_iterator{}; entry.increment(ec)) {
    const auto& path = entry->path();
    const auto ending = path.extension();
    if (!entry->is_regular_file(ec) || entry->is_symlink(ec) || ending == ".gz" || ending == ".br")
      continue;
    if (!add(path, "assets/" + path.filename().string()))
      return {};
  }
  return result;
}

const static_file* dashboard_files::find(std::string_view name) const {
  const auto found = files_.find(name);
  return found == files_.end() ? nullptr : &found->second;
}

content_coding choose_coding(std::string_view accept, const static_file& file) {
  if (!file.brotli.empty() && weight_of(accept, "br") > 0)
    return content_coding::brotli;
  if (!file.gzip.empty() && weight_of(accept, "gzip") > 0)
    return content_coding::gzip;
  return content_coding::plain;
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
  return !etag.empty() &&
         (if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos);
}

} // namespace synapse::api
