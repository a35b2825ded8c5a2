#include "http/dialects/ollama/client/lists.hpp"

#include "http/core/local_reply.hpp"
#include "http/dialects/ollama/client/answer_lines.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

namespace synapse::http::ollama::client {

namespace {
constexpr std::int64_t ns_per_second = 1'000'000'000;
/// Nobody here lets a model go at a time that is known: as the server says of `keep_alive: -1`, a
/// time that no client lives to see.
constexpr std::int64_t forever = std::int64_t{100} * 365 * 24 * 3600;
constexpr std::int64_t last_second = 9'223'372'036; // of what nanoseconds can say

struct capability {
  std::string_view catalog;
  std::string_view native;
};
constexpr std::array capabilities{
    capability{"chat", "completion"},      capability{"completions", "completion"},
    capability{"embeddings", "embedding"}, capability{"tools", "tools"},
    capability{"vision", "vision"},        capability{"reasoning", "thinking"},
    capability{"audio_in", "audio"}};

void append_seconds(std::string& out, std::int64_t seconds) {
  append_time(out += '"', std::clamp<std::int64_t>(seconds, 0, last_second) * ns_per_second);
  out += '"';
}

/// Clients show the beginning of a model's digest, and some tell models apart by it: one that is a
/// name's own is both unique and the same tomorrow.
void append_digest(std::string& out, std::string_view name) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(name.data()), name.size(), hash.data());
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (const auto byte : hash) {
    out += hex[byte >> 4];
    out += hex[byte & 15];
  }
  out += '"';
}

void append_details(std::string& out, const listed_model& model) {
  out += R"("details":{"parent_model":"","format":"","family":)";
  append_json_string(out, model.family);
  out += R"(,"families":[)";
  if (!model.family.empty())
    append_json_string(out, model.family);
  append_json_string(out += R"(],"parameter_size":)", model.parameter_size);
  append_json_string(out += R"(,"quantization_level":)", model.quantization);
  if (model.context > 0)
    append_number(out += R"(,"context_length":)", model.context);
  out += '}';
}

void append_capabilities(std::string& out, const listed_model& model) {
  std::vector<std::string_view> native;
  for (const auto& one : model.capabilities) {
    const auto* found = std::find_if(capabilities.begin(), capabilities.end(),
                                     [&](const auto& row) { return row.catalog == one; });
    if (found != capabilities.end() &&
        std::find(native.begin(), native.end(), found->native) == native.end())
      native.push_back(found->native);
  }
  if (model.capabilities.empty())
    native.push_back("completion");
  out += R"("capabilities":[)";
  for (std::size_t i = 0; i < native.size(); ++i)
    append_json_string(out += i > 0 ? "," : "", native[i]);
  out += ']';
}

/// What all lists say of a model.
void append_identity(std::string& out, const listed_model& model) {
  append_json_string(out += R"({"name":)", model.name);
  append_json_string(out += R"(,"model":)", model.name);
  append_number(out += R"(,"size":)", model.size);
  append_digest(out += R"(,"digest":)", model.name);
  append_details(out += ',', model);
}

/// @param number a version's next one, with its point. @returns its digits; empty: it has none
std::string_view next_number(std::string_view& version) {
  const auto end = std::min(version.find_first_not_of("0123456789"), version.size());
  const auto digits = version.substr(0, end);
  version.remove_prefix(end);
  if (version.starts_with('.'))
    version.remove_prefix(1);
  else
    version = {};
  return digits;
}
} // namespace

std::string tags_body(const std::vector<listed_model>& models) {
  std::string out = R"({"models":[)";
  for (const auto& model : models) {
    if (out.back() == '}')
      out += ',';
    append_identity(out, model);
    append_seconds(out += R"(,"modified_at":)", model.modified);
    append_capabilities(out += ',', model);
    out += '}';
  }
  return out += "]}";
}

std::string ps_body(const std::vector<listed_model>& models, std::int64_t now) {
  std::string out = R"({"models":[)";
  for (const auto& model : models) {
    if (!model.loaded)
      continue;
    if (out.back() == '}')
      out += ',';
    append_identity(out, model);
    append_seconds(out += R"(,"expires_at":)", now + forever);
    append_number(out += R"(,"size_vram":)", model.size);
    append_number(out += R"(,"context_length":)", model.context);
    out += '}';
  }
  return out += "]}";
}

std::string show_body(const listed_model& model) {
  // Clients look for the context under the architecture's name, so there has to be one.
  const std::string family = model.family.empty() ? "unknown" : model.family;
  std::string out = R"({"modelfile":"","parameters":"","template":"",)";
  append_details(out, model);
  append_json_string(out += R"(,"model_info":{"general.architecture":)", family);
  append_json_string(out += R"(,"general.basename":)", model.name);
  if (model.context > 0) {
    append_json_string(out += ',', family + ".context_length");
    append_number(out += ':', model.context);
  }
  append_capabilities(out += "},", model);
  append_seconds(out += R"(,"modified_at":)", model.modified);
  return out += '}';
}

std::string version_body(std::string_view version) {
  if (version.starts_with('v'))
    version.remove_prefix(1);
  std::string plain;
  for (int i = 0; i < 3; ++i) {
    const auto number = next_number(version);
    plain += i > 0 ? "." : "";
    plain += number.empty() ? std::string_view{"0"} : number;
  }
  return R"({"version":")" + plain + R"("})";
}

} // namespace synapse::http::ollama::client
