#include "config/litellm/text/sources.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

namespace synapse::config::litellm {

namespace {

constexpr std::size_t max_files = 32;
constexpr std::size_t max_models = 8192;
constexpr std::size_t max_variables = 1024;
constexpr std::size_t max_keys = 512;

/// What is not ours to do, by the top-level key that asks for it.
constexpr auto ignored_sections = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"callback_settings", "callbacks are not called; see the metrics and the access log instead"},
    {"guardrails", "guardrails are not run: requests and answers pass as they are"},
    {"mcp_servers", "MCP servers are not served"},
    {"mcp_aliases", "MCP servers are not served"},
    {"mcp_tools", "MCP servers are not served"},
    {"vector_store_registry", "vector stores are not served"},
    {"vector_stores", "vector stores are not served"},
    {"files_settings", "files and batches are not served"},
    {"finetune_settings", "fine-tuning is not served"},
    {"assistant_settings", "assistants are not served"},
    {"prompts", "prompts are not filled in: requests pass as they are"},
    {"policies", "policies are not applied: requests and answers pass as they are"},
    {"policy_attachments", "policies are not applied: requests and answers pass as they are"},
    {"search_tools", "search tools are not served"},
});

constexpr std::array<std::string_view, 7> sections{
    "model_list",       "litellm_settings",      "router_settings",
    "general_settings", "environment_variables", "include",
    "credential_list"};

/// Looks through a file for variables that are not set.
class variable_check {
public:
  variable_check(const spot& root, context& say) : at_(root), say_(say) {}
  void run() { visit(at_.node, at_.line); }

private:
  void visit(const std::shared_ptr<const yaml_node>& node, std::size_t line) {
    // What has an alias hangs in the tree several times, and would be seen for each of them.
    if (node->type == yaml_node::kind::null || !seen_.insert(node.get()).second)
      return;
    if (node->type == yaml_node::kind::scalar) {
      if (const auto name = variable_in(node->text))
        check(*name, line);
      return;
    }
    const auto length = at_.key.size();
    for (std::size_t i = 0; i < node->items.size(); ++i) {
      at_.key += "[" + std::to_string(i) + "]";
      visit(node->items[i], node->items[i]->line);
      at_.key.resize(length);
    }
    for (const yaml_entry& entry : node->entries) {
      at_.key += (length == 0 ? "" : ".") + entry.key;
      visit(entry.value,
            std::max(entry.line, entry.value->type == yaml_node::kind::scalar ? entry.value->line
                                                                              : std::size_t{0}));
      at_.key.resize(length);
    }
  }

  void check(std::string_view name, std::size_t line) {
    at_.line = line;
    at_.name = at_.key;
    if (name.empty())
      say_.refuse(at_, "names no environment variable behind os.environ/");
    else if (!say_.variable(name))
      say_.refuse(at_, "the environment variable " + quote(name) + " is not set");
  }

  spot at_;
  context& say_;
  std::unordered_set<const yaml_node*> seen_;
};

class gatherer {
public:
  gatherer(const std::string& file, const file_reader& files, context& say, problem_list& problems)
      : main_(file), files_(files), say_(say), problems_(problems) {}

  document run(std::string_view text) {
    all_.is_read = parse(text, main_);
    // By index: each file that includes others makes the list longer.
    for (std::size_t i = 0; i < roots_.size(); ++i)
      read_includes(roots_[i], i == 0);
    for (const spot& root : roots_)
      define_variables(root);
    for (const spot& root : roots_)
      variable_check{root, say_}.run();
    for (const spot& root : roots_)
      read_sections(root);
    return std::move(all_);
  }

private:
  bool parse(std::string_view text, const std::string& file) {
    const auto node = parse_yaml(text, file, problems_);
    all_.files.push_back(file);
    if (!node)
      return false;
    spot root{file, node->line, "", "", node};
    if (!root.is_map()) {
      say_.refuse(root, "the file must be a map with model_list");
      return false;
    }
    roots_.push_back(std::move(root));
    return true;
  }

  static const yaml_entry* find(const spot& root, std::string_view key) {
    const auto& entries = root.node->entries;
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const yaml_entry& one) { return one.key == key; });
    return found == entries.end() ? nullptr : &*found;
  }

  void read_includes(spot root, bool follow) {
    const yaml_entry* entry = find(root, "include");
    if (entry == nullptr)
      return;
    const spot at = root.at(*entry);
    if (!follow) {
      say_.warn(at, "is followed only in the first file");
      return;
    }
    const auto names = say_.texts(at, max_files);
    for (std::size_t i = 0; names && i < names->size(); ++i) {
      const spot one = at.is_list() ? at.at(i) : at;
      const std::string path = beside(main_, (*names)[i]);
      const auto text = files_ ? files_(path) : parsed<std::string>::failure("cannot be opened");
      if (!text) {
        all_.files.push_back(path);
        say_.refuse(one, quote(path) + " " + text.error);
      } else {
        parse(*text, path);
      }
    }
  }

  void define_variables(const spot& root) {
    const yaml_entry* entry = find(root, "environment_variables");
    if (entry == nullptr)
      return;
    const spot at = root.at(*entry);
    if (!say_.expect_map(at))
      return;
    if (at.node->entries.size() > max_variables) {
      say_.refuse(at, "must not have more than " + std::to_string(max_variables) + " entries");
      return;
    }
    for (const yaml_entry& one : at.node->entries)
      if (one.value->type == yaml_node::kind::scalar) {
        if (const auto other = variable_in(one.value->text)) {
          if (auto value = say_.variable(*other))
            say_.define(one.key, std::move(*value));
        } else {
          say_.define(one.key, one.value->text);
        }
      } else {
        say_.text(at.at(one));
      }
  }

  void read_sections(const spot& root) {
    for (const yaml_entry& entry : root.node->entries) {
      const spot at = root.at(entry);
      if (entry.key == "model_list")
        append(at, all_.models);
      else if (entry.key == "credential_list")
        append(at, all_.credentials);
      else if (entry.key == "router_settings")
        lay_over(at, all_.router);
      else if (entry.key == "litellm_settings")
        lay_over(at, all_.litellm);
      else if (entry.key == "general_settings")
        lay_over(at, all_.general);
      else if (entry.key != "include" && entry.key != "environment_variables")
        ignore(at, entry.key);
    }
  }

  void append(const spot& at, std::vector<spot>& to) {
    if (at.is_null())
      return;
    if (!at.is_list() || to.size() + at.node->items.size() > max_models) {
      say_.refuse(at, "must be a list of at most " + std::to_string(max_models) + " entries");
      return;
    }
    for (std::size_t i = 0; i < at.node->items.size(); ++i)
      to.push_back(at.at(i));
  }

  void lay_over(const spot& at, std::vector<spot>& keys) {
    if (!say_.expect_map(at))
      return;
    if (at.node->entries.size() > max_keys) {
      say_.refuse(at, "must not have more than " + std::to_string(max_keys) + " keys");
      return;
    }
    const std::size_t before = keys.size();
    for (const yaml_entry& entry : at.node->entries) {
      spot fresh = at.at(entry);
      const auto old = std::find_if(keys.begin(), keys.begin() + static_cast<long>(before),
                                    [&](const spot& one) { return one.key == fresh.key; });
      if (old == keys.begin() + static_cast<long>(before)) {
        keys.push_back(std::move(fresh));
        continue;
      }
      say_.warn(*old, "stands in " + fresh.file + ", too, which goes before this");
      *old = std::move(fresh);
    }
  }

  void ignore(const spot& at, const std::string& key) {
    for (const auto& [name, words] : ignored_sections)
      if (name == key) {
        say_.warn(at, std::string{words});
        return;
      }
    say_.warn_unknown(at, "unknown key, which does nothing here", sections);
  }

  const std::string main_;
  const file_reader& files_;
  context& say_;
  problem_list& problems_;
  std::vector<spot> roots_;
  document all_;
};

} // namespace

std::string beside(const std::string& file, const std::string& path) {
  const auto slash = file.rfind('/');
  if (path.starts_with('/') || slash == std::string::npos)
    return path;
  return file.substr(0, slash + 1) + path;
}

document gather(std::string_view text, const std::string& file, const file_reader& files,
                context& say, problem_list& problems) {
  return gatherer{file, files, say, problems}.run(text);
}

} // namespace synapse::config::litellm
