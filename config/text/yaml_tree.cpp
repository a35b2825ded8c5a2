#include "config/text/yaml_tree.hpp"

#include "config/text/yaml_mistakes.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <new>
#include <sstream>
#include <unordered_map>

namespace synapse::config {

namespace {

/// Leaves yaml-cpp's parser when a limit is exceeded; never crosses parse_yaml().
struct limit_exceeded {
  std::size_t line;
  std::string message;
};

std::size_t line_of(const YAML::Mark& mark) {
  return mark.line < 0 ? 0 : static_cast<std::size_t>(mark.line) + 1;
}

/// Builds the tree from yaml-cpp's events.
class tree_builder final : public YAML::EventHandler {
public:
  tree_builder(std::string file, problem_list& problems, const yaml_limits& limits)
      : file_(std::move(file)), problems_(problems), limits_(limits) {}

  std::shared_ptr<const yaml_node> root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(yaml_node::kind::null, mark), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    count_node(mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      // Only an anchor that is still open is unknown here: the node would contain itself.
      report(line_of(mark), "an alias must not stand inside the node it names");
      place(make(yaml_node::kind::null, mark));
      return;
    }
    place(found->second, line_of(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    auto node = make(yaml_node::kind::scalar, mark);
    node->text = value;
    node->quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(yaml_node::kind::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(yaml_node::kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

private:
  /// A map or sequence whose end was not seen yet.
  struct frame {
    std::shared_ptr<yaml_node> node;
    YAML::anchor_t anchor = 0;
    bool has_key = false; ///< in a map: the next node is the value of `key`
    bool drop = false;    ///< the key is unusable, and so is its value
    std::string key;
    std::size_t key_line = 0;
    std::unordered_map<std::string, std::size_t> lines; ///< keys so far, for duplicates
  };

  void count_node(const YAML::Mark& mark) {
    if (++nodes_ > limits_.max_nodes)
      throw limit_exceeded{line_of(mark), "the file has too many entries"};
  }

  std::shared_ptr<yaml_node> make(yaml_node::kind type, const YAML::Mark& mark) {
    count_node(mark);
    auto node = std::make_shared<yaml_node>();
    node->type = type;
    node->line = line_of(mark);
    return node;
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.size() > 1 && !tag.starts_with("tag:yaml.org,2002:"))
      report(line_of(mark), "the tag " + quote(tag) + " is not supported");
  }

  void open(yaml_node::kind type, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    if (frames_.size() >= limits_.max_depth)
      throw limit_exceeded{line_of(mark), "the file is nested too deeply"};
    check_tag(mark, tag);
    frame next;
    next.node = make(type, mark);
    next.anchor = anchor;
    frames_.push_back(std::move(next));
  }

  void close() {
    auto node = std::move(frames_.back().node);
    const YAML::anchor_t anchor = frames_.back().anchor;
    frames_.pop_back();
    add(std::move(node), anchor);
  }

  void add(std::shared_ptr<const yaml_node> node, YAML::anchor_t anchor) {
    if (anchor != 0)
      anchors_[anchor] = node;
    const std::size_t line = node->line;
    place(std::move(node), line);
  }

  void place(std::shared_ptr<const yaml_node> node) {
    const std::size_t line = node->line;
    place(std::move(node), line);
  }

  /// Puts a complete node where it belongs. `line` is where it stands, which for an alias is not
  /// where it was written.
  void place(std::shared_ptr<const yaml_node> node, std::size_t line) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    frame& top = frames_.back();
    // Aliases of aliases would nest as deeply as the file is long, and trees are walked (and freed)
    // by functions that call themselves.
    top.node->height = std::max(top.node->height, node->height + 1);
    if (top.node->height > limits_.max_depth)
      throw limit_exceeded{line, "the file is nested too deeply"};
    if (top.node->type == yaml_node::kind::sequence) {
      top.node->items.push_back(std::move(node));
    } else if (!top.has_key) {
      begin_entry(top, *node, line);
    } else {
      if (!top.drop)
        top.node->entries.push_back({std::move(top.key), top.key_line, std::move(node)});
      top.has_key = false;
    }
  }

  void begin_entry(frame& top, const yaml_node& key, std::size_t line) {
    top.has_key = true;
    top.drop = true;
    top.key = key.text;
    top.key_line = line;
    if (key.type != yaml_node::kind::scalar) {
      report(line, "a key must be a plain text");
      return;
    }
    const auto [first, fresh] = top.lines.try_emplace(key.text, line);
    top.drop = !fresh;
    if (!fresh)
      report(line, "given twice; first in line " + std::to_string(first->second));
  }

  /// Path of the entry that is being read.
  std::string path() const {
    std::string result;
    for (const frame& level : frames_) {
      if (level.node->type == yaml_node::kind::sequence)
        result += "[" + std::to_string(level.node->items.size()) + "]";
      else if (level.has_key)
        result += (result.empty() ? "" : ".") + level.key;
    }
    return result;
  }

  void report(std::size_t line, std::string message) {
    problems_.add({file_, line, path(), std::move(message)});
  }

  std::string file_;
  problem_list& problems_;
  yaml_limits limits_;
  std::size_t nodes_ = 0;
  std::vector<frame> frames_;
  std::unordered_map<YAML::anchor_t, std::shared_ptr<const yaml_node>> anchors_;
  std::shared_ptr<const yaml_node> root_;
};

} // namespace

std::shared_ptr<const yaml_node> parse_yaml(std::string_view text, const std::string& file,
                                            problem_list& problems, const yaml_limits& limits) {
  const auto refuse = [&](std::size_t line, std::string message) {
    problems.add({file, line, "", std::move(message)});
    return nullptr;
  };
  if (text.size() > limits.max_bytes) {
    return refuse(0, "the file is larger than " + std::to_string(limits.max_bytes) + " bytes");
  }
  if (text.find('\0') != std::string_view::npos)
    return refuse(0, "the file is not UTF-8 text");
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  try {
    // The comment behind the text makes yaml-cpp notice what it lets pass at the very end: a quote
    // that is never closed, and a last key without its colon.
    std::istringstream stream{std::string{text} + "\n#"};
    YAML::Parser parser{stream};
    tree_builder builder{file, problems, limits};
    if (!parser.HandleNextDocument(builder))
      return std::make_shared<yaml_node>();
    auto root = builder.root();
    problem_list ignored;
    tree_builder second{file, ignored, limits};
    if (parser.HandleNextDocument(second)) {
      const std::size_t line = second.root() ? second.root()->line : 0;
      return refuse(line, "the file has more than one YAML document");
    }
    return root;
  } catch (const limit_exceeded& limit) {
    return refuse(limit.line, limit.message);
  } catch (const YAML::Exception& error) {
    const auto line = std::min(line_of(error.mark), lines);
    if (auto mistake = find_yaml_mistake(text, line))
      return refuse(mistake->line, "not valid YAML: " + mistake->message);
    return refuse(line, "not valid YAML: " + error.msg);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return refuse(0, std::string{"not valid YAML: "} + error.what());
  }
}

} // namespace synapse::config
