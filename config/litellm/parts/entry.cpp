#include "config/litellm/parts/entry.hpp"

#include "config/litellm/parts/model_info.hpp"
#include "config/litellm/parts/params.hpp"
#include "config/validator.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace synapse::config::litellm {

namespace {

constexpr std::size_t max_credentials = 256;
constexpr std::size_t max_params = 256;
/// Azure's current version that is not a preview.
constexpr std::string_view azure_version = "2024-10-21";

const yaml_entry* entry_of(const spot& map, std::string_view key) {
  const auto& entries = map.node->entries;
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const yaml_entry& one) { return one.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

std::size_t stars_in(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '*'));
}

/// The provider's row, or the words about why there is none.
const provider* served_provider(const model_reference& model, const spot& at, context& say) {
  if (model.from != nullptr)
    return model.from;
  if (model.provider_name.empty()) {
    say.refuse(at, "names no provider; write openai/NAME for what speaks OpenAI's API, or "
                   "ollama/NAME, hosted_vllm/NAME");
    return nullptr;
  }
  // A variable may hold a key by mistake.
  const bool is_plain = at.is_text() && !variable_in(at.node->text);
  const std::string name = is_plain ? " " + quote(model.provider_name) : "";
  if (is_foreign_provider(model.provider_name)) {
    say.refuse(at, "the provider" + name + " is not supported");
    return nullptr;
  }
  std::vector<std::string_view> known;
  for (const provider& one : providers())
    known.push_back(one.name);
  say.refuse(at,
             "unknown provider" + name +
                 "; for what speaks OpenAI's API write openai/ before the model's name",
             nearest(model.provider_name, known));
  return nullptr;
}

/// Where the entry's backend is, and what it is.
class identity_finder {
public:
  identity_finder(const provider& from, const params& found, const spot& at, context& say)
      : from_(from), found_(found), at_(at), say_(say) {}

  std::optional<backend_identity> find() {
    backend_identity result;
    const auto url = find_url();
    const bool has_key = find_key(result);
    if (!url || !has_key)
      return std::nullopt;
    result.url = *url;
    result.type = type_at(*url);
    result.verify = found_.verify || !url->tls;
    if (from_.joins == joining::azure)
      result.api_version = find_version();
    return result;
  }

private:
  std::optional<backend_url> find_url() {
    if (found_.base) {
      const auto text = say_.text(*found_.base);
      return text ? base_url(from_, *text, *found_.base, say_) : std::nullopt;
    }
    if (!from_.base_variable.empty())
      if (const auto text = say_.variable(from_.base_variable); text && !text->empty())
        return base_url(from_, *text, at_, say_);
    if (!from_.base.empty())
      return base_url(from_, std::string{from_.base}, at_, say_);
    say_.refuse(at_, "needs api_base");
    return std::nullopt;
  }

  bool find_key(backend_identity& into) {
    std::string name;
    if (!found_.key) {
      const auto value = say_.variable(from_.key_variable);
      if (value && !value->empty())
        name = from_.key_variable;
      else if (from_.in_cloud && !found_.base)
        say_.warn(at_, "has no api_key, and " + std::string{from_.key_variable} +
                           " is not set: requests go without a key");
    } else if (!found_.key->is_text()) {
      return say_.text(*found_.key).has_value();
    } else if (const auto variable = variable_in(found_.key->node->text)) {
      name = *variable;
    } else {
      into.key = say_.text(*found_.key).value_or("");
      if (into.key == "none" || into.key == "None")
        into.key.clear(); // what people write where a client library insists on a key
      return true;
    }
    return name.empty() || take_variable(name, into);
  }

  bool take_variable(const std::string& name, backend_identity& into) {
    const auto value = say_.variable(name);
    if (!value)
      return false; // reported
    if (value->find_first_not_of(" \t\r\n") == std::string::npos) {
      say_.refuse(found_.key ? *found_.key : at_,
                  "the environment variable " + quote(name) + " is empty");
      return false;
    }
    // What only the file defines is not in the environment, where keys are looked for later.
    (say_.is_exported(name) ? into.key_variable : into.key) =
        say_.is_exported(name) ? name : *value;
    return true;
  }

  backend_type type_at(const backend_url& url) const {
    const provider* cloud = provider_at(url.host);
    if (from_.in_cloud && from_.joins == joining::openai)
      return cloud != nullptr ? cloud->type : backend_type::openai_compatible;
    return from_.type;
  }

  std::string find_version() {
    if (!found_.api_version.empty())
      return found_.api_version;
    if (const auto value = say_.variable("AZURE_API_VERSION"); value && !value->empty())
      return *value;
    say_.warn(at_, "has no api_version: " + std::string{azure_version} + " is asked for");
    return std::string{azure_version};
  }

  const provider& from_;
  const params& found_;
  const spot& at_;
  context& say_;
};

} // namespace

entry_reader::entry_reader(const std::vector<spot>& credentials, backend_pool& pool, context& say)
    : pool_(pool), say_(say) {
  if (credentials.size() > max_credentials) {
    say.refuse(credentials[max_credentials],
               "there must not be more than " + std::to_string(max_credentials) + " credentials");
    return;
  }
  for (const spot& at : credentials)
    read_credential(at);
}

void entry_reader::read_credential(const spot& at) {
  if (!at.is_map()) {
    say_.refuse(at, "must be a map with credential_name and credential_values");
    return;
  }
  credential one;
  for (const yaml_entry& entry : at.node->entries) {
    const spot key = at.at(entry);
    if (entry.key == "credential_name") {
      one.name = say_.text(key).value_or("");
    } else if (entry.key == "credential_values") {
      one.values = key;
      one.is_good = say_.expect_map(key);
    } else if (entry.key != "credential_info" && !say_.is_full()) {
      static constexpr std::array<std::string_view, 3> known{"credential_name", "credential_values",
                                                             "credential_info"};
      say_.warn_unknown(key, "unknown key, which does nothing here", known);
    }
  }
  if (one.name.empty())
    say_.refuse(at, "needs credential_name");
  credentials_.push_back(std::move(one));
}

/// The entry's own keys, and those of its credential that it leaves out.
std::vector<spot> entry_reader::effective(const spot& params) {
  std::vector<spot> keys;
  if (params.node->entries.size() > max_params) {
    say_.refuse(params, "must not have more than " + std::to_string(max_params) + " keys");
    return keys;
  }
  for (const yaml_entry& entry : params.node->entries)
    keys.push_back(params.at(entry));
  const yaml_entry* reference = entry_of(params, "litellm_credential_name");
  if (reference == nullptr)
    return keys;
  const spot at = params.at(*reference);
  const auto name = say_.text(at);
  if (!name)
    return keys;
  const auto found = std::find_if(credentials_.begin(), credentials_.end(),
                                  [&](const credential& one) { return one.name == *name; });
  if (found == credentials_.end()) {
    std::vector<std::string_view> known;
    for (const credential& one : credentials_)
      known.push_back(one.name);
    say_.refuse(at, "unknown credential " + quote(*name), nearest(*name, known));
  } else if (found->is_good) {
    for (const yaml_entry& entry : found->values.node->entries)
      if (entry_of(params, entry.key) == nullptr)
        keys.push_back(found->values.at(entry));
  }
  return keys;
}

model_entry entry_reader::read(const spot& at) {
  static constexpr std::array<std::string_view, 3> known{"model_name", "litellm_params",
                                                         "model_info"};
  model_entry result;
  result.at = at;
  const auto refused = say_.refusals();
  if (!at.is_map()) {
    say_.refuse(at, "must be a map with model_name and litellm_params");
    return result;
  }
  std::optional<spot> inner;
  for (const yaml_entry& entry : at.node->entries) {
    const spot key = at.at(entry);
    if (entry.key == "model_name")
      result.name = say_.text(key).value_or("");
    else if (entry.key == "litellm_params")
      inner = key;
    else if (entry.key == "model_info")
      read_model_info(key, result, say_);
    else if (!say_.is_full())
      say_.warn_unknown(key, "unknown key, which does nothing here", known);
  }
  if (result.name.empty() || result.name.size() > longest_name)
    say_.refuse(at,
                "needs model_name, a text of at most " + std::to_string(longest_name) + " bytes");
  if (!inner || !inner->is_map())
    say_.refuse(inner ? *inner : at, "needs litellm_params, a map with model");
  else
    result.is_good = finish(result, *inner) && say_.refusals() == refused;
  return result;
}

bool entry_reader::finish(model_entry& into, const spot& inner) {
  params found;
  const bool usable = read_params(effective(inner), found, into, say_);
  const yaml_entry* entry = entry_of(inner, "model");
  const spot at = entry != nullptr ? inner.at(*entry) : inner;
  if (!found.model || found.model->empty()) {
    if (entry == nullptr || entry->value->type == yaml_node::kind::null || found.model)
      say_.refuse(at, "needs model, such as ollama/NAME");
    return false;
  }
  auto model = resolve_model(*found.model, found.custom_provider);
  if (model.provider_name.empty() && found.base) {
    model.provider_name = "openai";
    model.from = find_provider(model.provider_name);
  }
  const provider* from = served_provider(model, at, say_);
  if (from == nullptr || !usable)
    return false;
  if (model.model.empty() || model.model.size() > longest_name)
    say_.refuse(at, "must name a model in at most " + std::to_string(longest_name) + " bytes");
  if (stars_in(model.model) > stars_in(into.name))
    say_.refuse(at, "has more \"*\" than model_name, whose text they stand for");
  const auto identity = identity_finder{*from, found, at, say_}.find();
  if (!identity)
    return false;
  const auto key_at = found.key ? std::optional{found.key->where()} : std::nullopt;
  into.what.backend = pool_.name_of(*identity, *from, model.provider_name, into.at.where(), key_at);
  if (into.what.backend.empty())
    say_.refuse(at, "there must not be more than " + std::to_string(max_backends) +
                        " different backends");
  if (from->completions_only)
    into.what.capabilities = *capabilities_of("completion");
  into.what.model = std::move(model.model);
  if (into.what.id.empty())
    into.what.id = into.what.backend + "/" + into.what.model;
  return true;
}

} // namespace synapse::config::litellm
