#include "config/litellm/parts/backends.hpp"

#include "config/validator.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace synapse::config::litellm {

namespace {

constexpr std::size_t longest_stem = 56; // room for a number behind it

/// What our own paths begin with, or what people copy from a manual.
constexpr std::array<std::string_view, 5> openai_endings{
    "/v1", "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/models"};
constexpr std::array<std::string_view, 4> ollama_endings{"/v1", "/api", "/api/chat",
                                                         "/api/generate"};
constexpr std::array<std::string_view, 2> anthropic_endings{"/v1", "/v1/messages"};

void cut(backend_url& url, std::span<const std::string_view> endings) {
  // The longest: "/v1" alone would leave half a path.
  std::size_t most = 0;
  for (const auto ending : endings)
    if (url.base_path.ends_with(ending))
      most = std::max(most, ending.size());
  url.base_path.resize(url.base_path.size() - most);
}

struct path_pair {
  std::string theirs;
  std::string ours;
};

/// What is asked for a chat with `given` as base, by LiteLLM and by us once `url` is cut.
path_pair cut_base(const provider& from, const backend_url& given, backend_url& url) {
  switch (from.joins) {
  case joining::openai:
    cut(url, openai_endings);
    return {given.to_string() + "/chat/completions", url.to_string() + "/v1/chat/completions"};
  case joining::ollama:
    cut(url, ollama_endings);
    return {given.to_string() + "/api/chat", url.to_string() + "/api/chat"};
  case joining::anthropic:
    cut(url, anthropic_endings);
    return {given.base_path.ends_with("/v1/messages") ? given.to_string()
                                                      : given.to_string() + "/v1/messages",
            url.to_string() + "/v1/messages"};
  case joining::azure:
    if (const auto at = url.base_path.find("/openai"); at != std::string::npos)
      url.base_path.resize(at);
    return {given.to_string() + "/openai/deployments/…", url.to_string() + "/openai/deployments/…"};
  }
  return {};
}

bool says_nothing(const std::string& host) {
  return host == "localhost" || host.find_first_not_of("0123456789.:abcdefABCDEF") == host.npos;
}

std::string as_name(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, longest_stem)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_';
    if (fits)
      result += c;
    else if (!result.empty() && result.back() != '-')
      result += '-';
  }
  while (!result.empty() && result.back() == '-')
    result.pop_back();
  return result.empty() ? "backend" : result;
}

} // namespace

std::optional<backend_url> base_url(const provider& from, const std::string& text, const spot& at,
                                    context& say) {
  const auto given = parse_url(text);
  if (!given) {
    say.refuse(at, given.error);
    return std::nullopt;
  }
  backend_url url = *given;
  const auto asked = cut_base(from, *given, url);
  // The providers' own bases are known to be right.
  const bool is_preset = from.in_cloud && text == from.base;
  if (!is_preset && asked.theirs != asked.ours)
    say.warn(at, "LiteLLM would ask " + asked.theirs + "; this gateway asks " + asked.ours);
  return url;
}

std::string backend_pool::fresh_name(const backend_identity& wanted, const provider& from,
                                     const std::string& provider_name) const {
  const provider* cloud = provider_at(wanted.url.host);
  std::string text;
  if (cloud != nullptr && from.in_cloud) {
    text = cloud->name;
  } else {
    if (says_nothing(wanted.url.host))
      text = (provider_name == "ollama_chat" ? "ollama" : provider_name) + "-";
    text += wanted.url.host;
    if (wanted.url.port != (wanted.url.tls ? 443 : 80))
      text += "-" + std::to_string(wanted.url.port);
    text += "-" + wanted.url.base_path;
  }
  const std::string stem = as_name(text);
  std::string name = stem;
  const auto is_taken = [&] {
    return std::any_of(members_.begin(), members_.end(),
                       [&](const member& one) { return one.name == name; });
  };
  for (std::size_t number = 2; is_taken(); ++number)
    name = stem + "-" + std::to_string(number);
  return name;
}

std::string backend_pool::name_of(const backend_identity& wanted, const provider& from,
                                  const std::string& provider_name, const place& at,
                                  const std::optional<place>& key_at) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const member& one) { return one.identity == wanted; });
  if (found != members_.end())
    return found->name;
  if (members_.size() >= max_backends)
    return {};
  members_.push_back({wanted, fresh_name(wanted, from, provider_name), at, key_at});
  return members_.back().name;
}

void backend_pool::move_into(fragment& all) {
  for (member& one : members_) {
    backend_settings backend;
    backend.name = one.name;
    backend.url = one.identity.url;
    backend.type = one.identity.type;
    // LiteLLM never shows a client's key to a backend.
    backend.authorization.forward = false;
    backend.authorization.bearer_env = one.identity.key_variable;
    backend.authorization.literal = one.identity.key;
    backend.api_version = one.identity.api_version;
    backend.tls.verify = one.identity.verify;
    if (one.key_at)
      all.places.emplace("backends." + one.name + ".authorization.literal", *one.key_at);
    all.places.emplace("backends." + one.name, std::move(one.at));
    all.backends.push_back(std::move(backend));
  }
  members_.clear();
}

} // namespace synapse::config::litellm
