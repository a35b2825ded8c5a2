#include "config/rules/catalog_rules.hpp"

#include "config/catalog/catalog_limits.hpp"
#include "config/credential_fields.hpp"
#include "config/rules/name_index.hpp"

#include <map>
#include <set>

namespace synapse::config {

namespace {

std::string prefix_of(const catalog_model& model) {
  return "catalog." + model.name + ".";
}

/// One deployment by itself.
class deployment_rules {
public:
  deployment_rules(report& out, const settings& all, const catalog_model& model, std::string prefix,
                   const deployment_settings& one)
      : out_(out), all_(all), model_(model), prefix_(std::move(prefix)), one_(one) {}

  void check() {
    check_fields(out_, prefix_, one_);
    backend();
    model();
    if (one_.id.size() > max_id_bytes)
      out_.add(prefix_ + "id",
               "must not be longer than " + std::to_string(max_id_bytes) + " bytes");
    tags();
    check_value(out_, prefix_ + "cost.input", one_.cost_input, cost_range);
    check_value(out_, prefix_ + "cost.output", one_.cost_output, cost_range);
    if ((one_.capabilities.yes & one_.capabilities.no) != 0)
      out_.add(prefix_ + "capabilities", "must not both have and lack the same");
    headers();
    defaults();
  }

private:
  void backend() {
    const auto found = all_.backends.find(one_.backend);
    if (one_.backend.empty())
      out_.add(prefix_ + "backend", "is required");
    else if (found == all_.backends.end())
      out_.add(prefix_ + "backend", "unknown backend " + quote(one_.backend),
               out_.near(one_.backend, names_in(all_.backends)));
    // What is wrong with the backend's own is said there.
    else if (one_.timeouts != found->second.timeouts)
      check_fields(out_, prefix_ + "timeouts.", one_.timeouts);
  }

  void model() {
    const std::string key = prefix_ + "model";
    if (one_.model.empty())
      return out_.add(key, "is required");
    if (const std::string why = wrong_name(one_.model); !why.empty())
      return out_.add(key, why);
    const std::size_t stars = stars_of(model_.name);
    if (stars_of(one_.model) > stars)
      out_.add(key, stars == 0 ? "must not have \"*\": the name has none that it could stand for"
                               : "must not have more \"*\" than the name, which has " +
                                     std::to_string(stars));
  }

  void tags() {
    if (one_.tags.size() > max_tags)
      return out_.add(prefix_ + "tags",
                      "must not have more than " + std::to_string(max_tags) + " entries");
    for (std::size_t i = 0; i < one_.tags.size(); ++i)
      if (one_.tags[i].size() > max_tag_bytes || one_.tags[i].find(',') != std::string::npos)
        out_.add(prefix_ + "tags[" + std::to_string(i) + "]",
                 "must have at most " + std::to_string(max_tag_bytes) + " bytes and no comma");
  }

  void headers() {
    const std::string key = prefix_ + "headers";
    if (one_.headers.size() > max_headers)
      return out_.add(key, "must not have more than " + std::to_string(max_headers) + " entries");
    for (const auto& [name, text] : one_.headers) {
      if (!is_token(name))
        out_.add(key, quote(name) + " is no name of a header field");
      else if (is_framing_field(name))
        out_.add(key + "." + name, "is set by the gateway alone");
      else if (is_credential(name))
        out_.add(key + "." + name, "would hold a key; use the backend's authorization.bearer_env "
                                   "(and authorization.header)");
      else
        check_value(out_, key + "." + name, text, {});
    }
  }

  static bool is_credential(std::string name) {
    for (char& c : name)
      c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    return std::find(credential_field_names.begin(), credential_field_names.end(), name) !=
           credential_field_names.end();
  }

  void defaults() {
    const std::string key = prefix_ + "defaults";
    std::size_t bytes = 0;
    for (const auto& [name, value] : one_.defaults)
      bytes += value.size();
    if (one_.defaults.size() > max_defaults || bytes > max_defaults_bytes)
      out_.add(key, "must not have more than " + std::to_string(max_defaults) + " entries and " +
                        std::to_string(max_defaults_bytes) + " bytes");
    if (one_.defaults.contains("model"))
      out_.add(key + ".model", "is what the deployment's own model says");
  }

  report& out_;
  const settings& all_;
  const catalog_model& model_;
  const std::string prefix_;
  const deployment_settings& one_;
};

/// All names together.
class catalog_rules {
public:
  catalog_rules(report& out, const settings& all) : out_(out), all_(all) {}

  void check() {
    for (const catalog_model& model : all_.catalog) {
      name(model);
      aliases(model);
      deployments(model);
    }
    patterns();
  }

private:
  void name(const catalog_model& model) {
    const std::string key = "catalog." + model.name;
    if (const std::string why = wrong_name(model.name); !why.empty())
      out_.add("catalog", "the name " + quote(model.name) + " " + why);
    else if (!names_.insert(model.name).second)
      out_.add(key, all_.litellm.empty()
                        ? "given twice"
                        : "is also a name of " + all_.litellm + "; one of the two has to go");
    for_each_name_section(model, [&](std::string_view path, const auto& section) {
      check_fields(out_, prefix_of(model) + std::string{path}, section);
    });
  }

  void aliases(const catalog_model& model) {
    const std::string key = prefix_of(model) + "aliases";
    if (model.aliases.size() > max_name_aliases)
      return out_.add(key,
                      "must not have more than " + std::to_string(max_name_aliases) + " entries");
    for (std::size_t i = 0; i < model.aliases.size(); ++i) {
      const std::string& alias = model.aliases[i];
      const std::string item = key + "[" + std::to_string(i) + "]";
      if (alias.find_first_not_of(" \t") == std::string::npos)
        continue; // said already
      if (const std::string why = wrong_name(alias); !why.empty())
        out_.add(item, why);
      else if (alias.find('*') != std::string::npos)
        out_.add(item, "must not have \"*\"; only names may");
      else if (index_.named(alias))
        out_.add(item, quote(alias) + (alias == model.name ? " is the name itself"
                                                           : " is a name of the catalog"));
      else if (const auto [first, fresh] = aliases_.try_emplace(alias, &model); !fresh)
        out_.add(item, quote(alias) + " is an alias of " + quote(first->second->name) + " already");
    }
  }

  void deployments(const catalog_model& model) {
    const std::string key = prefix_of(model) + "deployments";
    if (model.deployments.empty())
      return out_.add(key, "there must be at least one deployment");
    if (model.deployments.size() > max_deployments)
      return out_.add(key,
                      "must not have more than " + std::to_string(max_deployments) + " entries");
    std::map<unsigned, double> weights;
    for (std::size_t i = 0; i < model.deployments.size(); ++i) {
      const deployment_settings& one = model.deployments[i];
      const std::string prefix = key + "[" + std::to_string(i) + "].";
      deployment_rules{out_, all_, model, prefix, one}.check();
      weights[one.order] += one.weight;
      if (!one.id.empty() && !ids_.insert(one.id).second)
        out_.add(prefix + "id", quote(one.id) + " is the id of another deployment");
    }
    for (const auto& [order, sum] : weights)
      if (sum == 0)
        out_.warn(key, "all weights of tier " + std::to_string(order) +
                           " are 0: it is asked only for by id");
  }

  void patterns() {
    std::vector<const catalog_model*> patterns;
    for (const catalog_model& model : all_.catalog)
      if (model.is_pattern())
        patterns.push_back(&model);
    if (patterns.size() > max_patterns)
      return out_.add("catalog", "must not have more than " + std::to_string(max_patterns) +
                                     " names with \"*\"");
    for (std::size_t i = 0; i < patterns.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (rivals(*patterns[i], *patterns[j])) {
          out_.warn("catalog." + patterns[i]->name,
                    "fits names that " + quote(patterns[j]->name) +
                        " fits, and both have as many characters: the first in the file gets them");
          break;
        }
  }

  static bool rivals(const catalog_model& one, const catalog_model& other) {
    return one.name != other.name && literals_of(one.name) == literals_of(other.name) &&
           wrong_name(one.name).empty() && wrong_name(other.name).empty() &&
           fit_together(one.name, other.name);
  }

  report& out_;
  const settings& all_;
  const name_index index_{all_.catalog};
  std::set<std::string_view> names_;
  std::map<std::string_view, const catalog_model*> aliases_;
  std::set<std::string_view> ids_;
};

} // namespace

void check_catalog(report& out, const settings& all) {
  // Better said than found out.
  if (all.routing.hedge)
    out.warn("routing.hedge", "does nothing yet");
  if (all.catalog.size() > max_names)
    out.add("catalog", "must not have more than " + std::to_string(max_names) + " entries");
  else
    catalog_rules{out, all}.check();
}

} // namespace synapse::config
