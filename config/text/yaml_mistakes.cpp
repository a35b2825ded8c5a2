#include "config/text/yaml_mistakes.hpp"

#include <algorithm>

namespace synapse::config {

namespace {

/// Reads a text line by line, as far as quotes, comments and flow brackets go.
class line_reader {
public:
  /// @returns what is wrong with the line; empty if nothing.
  std::string read(std::string_view line) {
    line_ = line;
    const bool began_inside = quote_ != '\0';
    const std::size_t first = line_.find_first_not_of(" \t");
    if (!began_inside && depth_ == 0 && first != std::string_view::npos && line_[first] != '#' &&
        line_.substr(0, first).find('\t') != std::string_view::npos)
      return "a tab in the indentation; YAML wants blanks there";
    opened_ = false;
    for (at_ = 0; at_ < line_.size(); ++at_)
      if (quote_ != '\0')
        inside_quotes();
      else if (!outside_quotes())
        break;
    if (quote_ == '\0' || !opened_)
      return {};
    return std::string{"the quote ("} + quote_ + ") that opens in this line does not close in it";
  }

private:
  void inside_quotes() {
    const char c = line_[at_];
    if (c == '\\' && quote_ == '"')
      ++at_; // what follows is no end
    else if (c == quote_ && quote_ == '\'' && line_.substr(at_ + 1).starts_with('\''))
      ++at_; // two of them stand for one
    else if (c == quote_)
      quote_ = '\0';
  }

  /// @returns false where a comment begins.
  bool outside_quotes() {
    const char c = line_[at_];
    const bool after_blank = at_ == 0 || line_[at_ - 1] == ' ' || line_[at_ - 1] == '\t';
    if (c == '#' && after_blank)
      return false;
    if ((c == '"' || c == '\'') && begins_value(after_blank)) {
      quote_ = c;
      opened_ = true;
    } else if (c == '[' || c == '{') {
      ++depth_;
    } else if ((c == ']' || c == '}') && depth_ > 0) {
      --depth_;
    }
    return true;
  }

  /// Whether a quote here is one, and no part of a plain text such as `it's`.
  bool begins_value(bool after_blank) const {
    const std::size_t before = line_.substr(0, at_).find_last_not_of(" \t");
    if (before == std::string_view::npos)
      return true;
    const char c = line_[before];
    return c == '[' || c == '{' || c == ',' || (after_blank && (c == ':' || c == '-' || c == '?'));
  }

  std::string_view line_;
  std::size_t at_ = 0;
  char quote_ = '\0'; ///< the one that is open
  bool opened_ = false;
  std::size_t depth_ = 0; ///< of brackets, between which an indentation means nothing
};

} // namespace

std::optional<yaml_mistake> find_yaml_mistake(std::string_view text, std::size_t line) {
  line_reader reader;
  for (std::size_t number = 1; number <= line; ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (auto message = reader.read(text.substr(0, end)); !message.empty())
      return yaml_mistake{number, std::move(message)};
    if (end == text.size())
      break;
    text.remove_prefix(end + 1);
  }
  return std::nullopt;
}

} // namespace synapse::config
