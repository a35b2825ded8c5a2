#include "config/litellm/merge.hpp"

#include <algorithm>
#include <set>

namespace synapse::config::litellm {

namespace {

class merger {
public:
  merger(settings& all, const fragment& from, const std::string& file, const line_finder& line,
         problem_list& problems)
      : all_(all), from_(from), file_(file), line_(line), problems_(problems) {}

  void run() {
    add_backends();
    add_catalog();
    add_lists("any", from_.fallbacks.any, all_.fallbacks.any);
    add_lists("context", from_.fallbacks.context, all_.fallbacks.context);
    add_lists("policy", from_.fallbacks.policy, all_.fallbacks.policy);
    if (is_free("fallbacks.default") && from_.places.contains("fallbacks.default"))
      all_.fallbacks.defaults = from_.fallbacks.defaults;
    add_routing();
  }

private:
  void add_backends() {
    for (const backend_settings& one : from_.backends)
      if (!all_.backends.contains(one.name))
        all_.backends.emplace(one.name, one);
      else
        refuse("backends." + one.name, "the backend " + quote(one.name));
  }

  void add_catalog() {
    std::map<std::string_view, std::string> taken; // name → key of ours
    for (const catalog_model& one : all_.catalog) {
      taken.emplace(one.name, "catalog." + one.name);
      for (const std::string& alias : one.aliases)
        taken.emplace(alias, "catalog." + one.name + ".aliases");
    }
    std::vector<const catalog_model*> fresh;
    for (const catalog_model& one : from_.catalog) {
      const auto check = [&](const std::string& name) {
        const auto found = taken.find(name);
        if (found != taken.end())
          refuse("catalog." + one.name, "the name " + quote(name), found->second);
        return found == taken.end();
      };
      bool is_new = check(one.name);
      for (const std::string& alias : one.aliases)
        is_new = check(alias) && is_new;
      if (is_new)
        fresh.push_back(&one);
    }
    std::set<std::string> ids;
    for (const catalog_model& one : all_.catalog)
      for (const deployment_settings& deployment : one.deployments)
        ids.insert(deployment.id);
    for (const catalog_model* one : fresh) {
      all_.catalog.push_back(*one);
      for (deployment_settings& deployment : all_.catalog.back().deployments)
        number(deployment.id, ids);
    }
  }

  /// LiteLLM has one model under several names, and nobody needs an id there.
  static void number(std::string& id, std::set<std::string>& taken) {
    const std::string stem = id;
    for (std::size_t count = 2; !taken.insert(id).second; ++count)
      id = stem + "#" + std::to_string(count);
  }

  void add_lists(const char* kind, const name_lists& from, name_lists& into) {
    for (const auto& [name, others] : from)
      if (const std::string key = std::string{"fallbacks."} + kind + "." + name;
          !into.try_emplace(name, others).second)
        refuse(key, "a fallback of " + quote(name));
  }

  void add_routing() {
    const routing_settings& from = from_.routing;
    routing_settings& into = all_.routing;
    take("routing.deadline", from.deadline, into.deadline);
    take("routing.attempts", from.attempts, into.attempts);
    take("routing.hops", from.hops, into.hops);
    take("routing.any_tag", from.any_tag, into.any_tag);
    take("routing.cell.failures", from.cell.failures, into.cell.failures);
    take("routing.cell.cooldown", from.cell.cooldown, into.cell.cooldown);
    take("routing.cell.max_cooldown", from.cell.max_cooldown, into.cell.max_cooldown);
  }

  template <class Value>
  void take(const std::string& key, const Value& from, Value& into) {
    if (from_.places.contains(key) && is_free(key))
      into = from;
  }

  /// Whether our own file is silent about `key`; if it is not, it goes first.
  bool is_free(const std::string& key) {
    const auto line = line_(key);
    const auto found = from_.places.find(key);
    if (line && found != from_.places.end()) {
      problem one{found->second.file, found->second.line, found->second.key, {}, {},
                  severity::warning};
      one.message = "does nothing: " + key + " stands in " + file_ + ":" + std::to_string(*line);
      problems_.add(std::move(one));
    }
    return !line;
  }

  void refuse(const std::string& key, const std::string& what, const std::string& own_key = {}) {
    const place* theirs = from_.place_of(key);
    const auto line = line_(own_key.empty() ? key : own_key);
    problem one;
    if (theirs != nullptr) {
      one.file = theirs->file;
      one.line = theirs->line;
      one.key = theirs->key;
    }
    one.message = what + " is in " + file_ + (line ? ":" + std::to_string(*line) : "") + ", too";
    problems_.add(std::move(one));
  }

  settings& all_;
  const fragment& from_;
  const std::string& file_;
  const line_finder& line_;
  problem_list& problems_;
};

} // namespace

void add_to(settings& all, const fragment& from, const std::string& file, const line_finder& line,
            problem_list& problems) {
  merger{all, from, file, line, problems}.run();
}

void apply_timeouts(settings& all, const fragment& from) {
  std::set<std::string_view> names;
  for (const catalog_model& one : from.catalog)
    names.insert(one.name);
  for (catalog_model& model : all.catalog) {
    if (!names.contains(model.name))
      continue;
    for (std::size_t i = 0; i < model.deployments.size(); ++i) {
      deployment_settings& one = model.deployments[i];
      const auto backend = all.backends.find(one.backend);
      if (backend == all.backends.end())
        continue;
      timeout_settings timeouts = backend->second.timeouts;
      const std::string key = deployment_key(model.name, i) + ".timeouts.";
      if (from.places.contains(key + "total"))
        timeouts.total = one.timeouts.total;
      if (from.places.contains(key + "first_token"))
        timeouts.first_token = one.timeouts.first_token;
      one.timeouts = timeouts;
    }
  }
}

} // namespace synapse::config::litellm
