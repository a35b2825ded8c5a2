/// @file
/// The backends that the entries of a LiteLLM file share.
#pragma once

#include "config/litellm/fragment.hpp"
#include "config/litellm/parts/providers.hpp"
#include "config/litellm/text/context.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace synapse::config::litellm {

/// What makes a backend another one.
struct backend_identity {
  backend_type type = backend_type::openai_compatible;
  backend_url url;
  std::string key_variable; ///< where its key is; empty = none, or `key`
  std::string key;          ///< the key itself
  std::string api_version;
  bool verify = true; ///< its certificate
  bool operator==(const backend_identity&) const = default;
};

/// The URL that fits our paths. LiteLLM joins `api_base` and the rest as they are, and we say so
/// where it would have asked another path than we do. `text` is the base as it was given or found
/// out, `at` where. Nothing when it is none, which was reported.
std::optional<backend_url> base_url(const provider& from, const std::string& text, const spot& at,
                                    context& say);

/// Gives the same backend to the same identity.
class backend_pool {
public:
  /// Its name, which tells where it is: `gpu1-8001`, `ollama-localhost-11434`, `groq`.
  /// Empty when there are too many. @param provider_name for backends whose host says nothing.
  /// @param at who asks first. @param key_at where its key stands, if it is no variable.
  std::string name_of(const backend_identity& wanted, const provider& from,
                      const std::string& provider_name, const place& at,
                      const std::optional<place>& key_at = {});
  /// Moves all of them into the fragment.
  void move_into(fragment& all);

private:
  std::string fresh_name(const backend_identity& wanted, const provider& from,
                         const std::string& provider_name) const;

  struct member {
    backend_identity identity;
    std::string name;
    place at;
    std::optional<place> key_at;
  };
  std::vector<member> members_;
};

} // namespace synapse::config::litellm
