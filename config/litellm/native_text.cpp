#include "config/litellm/native_text.hpp"

#include "config/credential_fields.hpp"
#include "config/text/config_error.hpp"
#include "config/values/values.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iterator>

namespace synapse::config::litellm {

namespace {

/// Plain where YAML reads it back as the same text, else in double quotes.
std::string as_yaml(const std::string& text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '/';
  };
  const bool is_word = !text.empty() &&
                       ((text.front() >= 'a' && text.front() <= 'z') ||
                        (text.front() >= 'A' && text.front() <= 'Z')) &&
                       text.size() > 5; // shorter ones may mean true, null or off
  const bool has_mark = text.find_first_of("0123456789-/._") != std::string::npos;
  if ((is_word || (has_mark && !text.empty() && text.front() >= 'A')) &&
      std::all_of(text.begin(), text.end(), is_plain))
    return text;
  std::string result{'"'};
  for (const char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\') {
      result.append({'\\', c});
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x",
                    static_cast<unsigned>(static_cast<unsigned char>(c)));
      result += escaped;
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string as_yaml(double value) {
  char text[64];
  const auto [end, error] = std::to_chars(std::begin(text), std::end(text), value);
  return error == std::errc{} ? std::string(std::begin(text), end) : std::string{"0"};
}

std::string as_yaml(const std::vector<std::string>& list) {
  std::string result{'['};
  for (const std::string& one : list)
    result += (result.size() == 1 ? "" : ", ") + as_yaml(one);
  return result + ']';
}

/// Whether a header or field of that name may hold a key.
bool may_be_secret(const std::string& name) {
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  std::replace(lower.begin(), lower.end(), '_', '-');
  const auto has = [&](std::string_view part) { return lower.find(part) != std::string::npos; };
  return std::find(credential_field_names.begin(), credential_field_names.end(), lower) !=
             credential_field_names.end() ||
         has("api-key") || has("apikey") || has("secret") || has("auth") || has("password") ||
         lower.ends_with("-token") || lower == "token" || lower == "key";
}

class native_writer {
public:
  explicit native_writer(const fragment& all) : all_(all) {}

  std::string run() {
    if (!all_.backends.empty())
      line(0, "backends", "");
    for (const backend_settings& one : all_.backends)
      backend(one);
    if (!all_.catalog.empty())
      line(0, "catalog", "");
    for (const catalog_model& one : all_.catalog)
      model(one);
    fallbacks();
    routing();
    return std::move(out_);
  }

private:
  void line(std::size_t depth, const std::string& name, const std::string& value) {
    out_.append(2 * depth, ' ').append(name).append(value.empty() ? ":" : ": ");
    out_.append(value).append("\n");
  }

  void comment(std::size_t depth, const std::string& text) {
    out_.append(2 * depth, ' ').append("# ").append(text).append("\n");
  }

  std::string where(const std::string& key) const {
    const place* found = all_.place_of(key);
    return found == nullptr ? std::string{"the file"}
                            : found->file + ":" + std::to_string(found->line);
  }

  void backend(const backend_settings& one) {
    line(1, as_yaml(one.name), "");
    line(2, "url", as_yaml(one.url.to_string()));
    line(2, "type", std::string{to_string(one.type)});
    if (!one.api_version.empty())
      line(2, "api_version", as_yaml(one.api_version));
    if (!one.tls.verify)
      line(2, "tls", "{verify: false}");
    line(2, "authorization", "");
    line(3, "forward", one.authorization.forward ? "true" : "false");
    if (!one.authorization.bearer_env.empty())
      line(3, "bearer_env", one.authorization.bearer_env);
    if (!one.authorization.literal.empty())
      comment(3, "the key stands in " + where("backends." + one.name + ".authorization.literal") +
                     ": put it into a variable, and that one's name here as bearer_env");
  }

  void model(const catalog_model& one) {
    line(1, as_yaml(one.name), "");
    if (!one.aliases.empty())
      line(2, "aliases", as_yaml(one.aliases));
    if (one.strategy != pick_strategy::adaptive)
      line(2, "strategy", std::string{to_string(one.strategy)});
    if (one.hidden)
      line(2, "hidden", "true");
    line(2, "deployments", "");
    for (std::size_t i = 0; i < one.deployments.size(); ++i)
      deployment(one.deployments[i], deployment_key(one.name, i));
  }

  void deployment(const deployment_settings& one, const std::string& key) {
    const deployment_settings usual;
    const auto number = [&](const char* name, auto value, auto other) {
      if (value != other)
        line(4, name, std::to_string(value));
    };
    const auto decimal = [&](const char* name, double value, double other) {
      if (value != other)
        line(4, name, as_yaml(value));
    };
    line(3, "- backend", as_yaml(one.backend));
    line(4, "model", as_yaml(one.model));
    if (one.id != one.backend + "/" + one.model)
      line(4, "id", as_yaml(one.id));
    number("order", one.order, usual.order);
    decimal("weight", one.weight, usual.weight);
    number("rpm", one.rpm, usual.rpm);
    number("tpm", one.tpm, usual.tpm);
    number("max_requests", one.max_requests, usual.max_requests);
    if (!one.tags.empty())
      line(4, "tags", as_yaml(one.tags));
    if (one.cost_input != 0 || one.cost_output != 0)
      line(4, "cost",
           "{input: " + as_yaml(one.cost_input) + ", output: " + as_yaml(one.cost_output) + "}");
    number("context", one.context, usual.context);
    capabilities(one.capabilities);
    number("attempts", one.attempts, usual.attempts);
    number("failures", one.failures, usual.failures);
    if (one.cooldown != usual.cooldown)
      line(4, "cooldown", format_duration(one.cooldown));
    timeouts(one.timeouts, key + ".timeouts.");
    fields("defaults", one.defaults, key, [](const std::string& json) { return json; });
    fields("headers", one.headers, key, [](const std::string& text) { return as_yaml(text); });
  }

  void capabilities(const capability_set& set) {
    std::string text;
    for (const auto what : all_capabilities)
      if (set.has(what) || set.lacks(what))
        text += (text.empty() ? "" : ", ") + std::string{to_string(what)} +
                (set.has(what) ? ": true" : ": false");
    if (!text.empty())
      line(4, "capabilities", "{" + text + "}");
  }

  void timeouts(const timeout_settings& all, const std::string& key) {
    std::string text;
    const auto add = [&](const std::string& name, milliseconds value) {
      if (all_.places.contains(key + name))
        text += (text.empty() ? "" : ", ") + name + ": " + format_duration(value);
    };
    add("first_token", all.first_token);
    add("total", all.total);
    if (!text.empty())
      line(4, "timeouts", "{" + text + "}");
  }

  using texts = std::map<std::string, std::string, std::less<>>;

  /// Of what may be a secret only the place.
  template <class Show>
  void fields(const char* what, const texts& all, const std::string& key, Show&& show) {
    const auto is_open = [&](const std::string& name) {
      return !may_be_secret(name) && !all_.from_environment.contains(key + "." + what + "." + name);
    };
    if (std::any_of(all.begin(), all.end(), [&](const auto& one) { return is_open(one.first); }))
      line(4, what, "");
    for (const auto& [name, value] : all)
      if (is_open(name))
        line(5, as_yaml(name), show(value));
    for (const auto& [name, value] : all)
      if (!is_open(name))
        comment(4, std::string{what} + "." + quote(name) + " may be a key; it stands in " +
                       where(key));
  }

  void lists(const char* kind, const name_lists& all) {
    if (!all.empty())
      line(1, kind, "");
    for (const auto& [name, others] : all)
      line(2, as_yaml(name), as_yaml(others));
  }

  void fallbacks() {
    const fallback_settings& all = all_.fallbacks;
    if (all == fallback_settings{})
      return;
    line(0, "fallbacks", "");
    lists("any", all.any);
    lists("context", all.context);
    lists("policy", all.policy);
    if (!all.defaults.empty())
      line(1, "default", as_yaml(all.defaults));
  }

  void routing() {
    const routing_settings& all = all_.routing;
    const routing_settings usual;
    if (all == usual)
      return;
    line(0, "routing", "");
    if (all.deadline != usual.deadline)
      line(1, "deadline", format_duration(all.deadline));
    if (all.attempts != usual.attempts)
      line(1, "attempts", std::to_string(all.attempts));
    if (all.hops != usual.hops)
      line(1, "hops", std::to_string(all.hops));
    if (all.any_tag != usual.any_tag)
      line(1, "any_tag", all.any_tag ? "true" : "false");
    if (all.cell == usual.cell)
      return;
    line(1, "cell", "");
    if (all.cell.failures != usual.cell.failures)
      line(2, "failures", std::to_string(all.cell.failures));
    if (all.cell.cooldown != usual.cell.cooldown)
      line(2, "cooldown", format_duration(all.cell.cooldown));
    if (all.cell.max_cooldown != usual.cell.max_cooldown)
      line(2, "max_cooldown", format_duration(all.cell.max_cooldown));
  }

  const fragment& all_;
  std::string out_;
};

} // namespace

std::string render_native(const fragment& all) {
  return native_writer{all}.run();
}

} // namespace synapse::config::litellm
