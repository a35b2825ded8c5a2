#include "backends/text/markdown.hpp"

#include <algorithm>
#include <cctype>

namespace synapse::backends {

namespace {

constexpr std::size_t longest_passage = 12; // sentences

std::string_view trim(std::string_view text) {
  auto blank = " \t\r\n";
  auto begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

// Takes links, `**`, HTML tags and whole images away.
std::string plain(std::string_view line) {
  std::string out;
  bool code = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    char c = line[i];
    if (c == '`')
      code = !code;
    if (!code && c == '!' && i + 1 < line.size() && line[i + 1] == '[') {
      auto close = line.find(')', i); // what it shows cannot be quoted
      i = close == std::string_view::npos ? line.size() : close;
      continue;
    }
    if (!code && (c == '[' || c == ']')) {
      if (c == ']' && i + 1 < line.size() && line[i + 1] == '(') {
        auto close = line.find(')', i);
        i = close == std::string_view::npos ? line.size() : close;
      }
      continue;
    }
    if (!code && c == '*' && i + 1 < line.size() && line[i + 1] == '*') {
      ++i;
      continue;
    }
    if (!code && c == '<' && i + 1 < line.size() &&
        (std::isalpha(static_cast<unsigned char>(line[i + 1])) || line[i + 1] == '/' ||
         line[i + 1] == '!')) {
      auto close = line.find('>', i);
      i = close == std::string_view::npos ? line.size() : close;
      continue;
    }
    out += c;
  }
  return std::string(trim(out));
}

bool is_table_rule(std::string_view line) {
  return line.find('-') != std::string_view::npos &&
         line.find_first_not_of("|-: \t") == std::string_view::npos;
}

// "| a | b |" becomes "a: b" (two cells) or "a; b; c".
std::string table_row(std::string_view line) {
  std::vector<std::string> cells;
  line = trim(line);
  if (line.starts_with('|'))
    line.remove_prefix(1);
  std::string cell;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      cells.push_back(plain(cell));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  if (!trim(cell).empty())
    cells.push_back(plain(cell));
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (!cells[i].empty())
      out += (out.empty() ? "" : i == 1 ? ": " : "; ") + cells[i];
  return out;
}

std::size_t item_marker(std::string_view line) {
  if (line.size() > 1 && (line[0] == '-' || line[0] == '*' || line[0] == '+') && line[1] == ' ')
    return 2;
  std::size_t digits = 0;
  while (digits < line.size() && std::isdigit(static_cast<unsigned char>(line[digits])))
    ++digits;
  if (digits > 0 && digits + 1 < line.size() && (line[digits] == '.' || line[digits] == ')') &&
      line[digits + 1] == ' ')
    return digits + 2;
  return 0;
}

bool ends_abbreviation(std::string_view text) {
  return text.ends_with("e.g.") || text.ends_with("i.e.") || text.ends_with("etc.") ||
         text.ends_with("vs.") || text.ends_with("cf.");
}

void add_sentences(std::string_view paragraph, std::vector<std::string>& into) {
  std::size_t begin = 0;
  bool code = false;
  for (std::size_t i = 0; i < paragraph.size(); ++i) {
    char c = paragraph[i];
    if (c == '`')
      code = !code;
    if (code || (c != '.' && c != '!' && c != '?'))
      continue;
    bool at_end = i + 1 == paragraph.size();
    bool before_new = i + 2 < paragraph.size() && paragraph[i + 1] == ' ' &&
                      !std::islower(static_cast<unsigned char>(paragraph[i + 2]));
    if ((!at_end && !before_new) || ends_abbreviation(paragraph.substr(0, i + 1)))
      continue;
    into.emplace_back(trim(paragraph.substr(begin, i + 1 - begin)));
    begin = i + 1;
  }
  if (auto rest = trim(paragraph.substr(begin)); !rest.empty())
    into.emplace_back(rest);
}

class reader {
public:
  explicit reader(std::string file) : file_(std::move(file)) {}

  void line(std::string_view raw) {
    auto text = trim(raw);
    if (in_code_) {
      if (text.starts_with(fence_))
        end_code();
      else
        block_.code += std::string(raw.substr(0, raw.find_last_not_of("\r\n") + 1)) + "\n";
    } else if (text.starts_with("```") || text.starts_with("~~~")) {
      begin_code(text);
    } else if (auto level = heading_level(text); level > 0) {
      heading(level, plain(trim(text.substr(level))));
    } else if (text.empty()) {
      end_paragraph();
    } else if (text.starts_with('|')) {
      end_paragraph();
      if (!is_table_rule(text))
        add_whole(table_row(text));
      else if (after_row_ && !current_.sentences.empty())
        current_.sentences.pop_back(); // the names of the columns say nothing by themselves
    } else if (auto marker = item_marker(text); marker > 0) {
      end_paragraph();
      paragraph_ = plain(text.substr(marker));
    } else if (!is_table_rule(text)) {
      while (text.starts_with('>'))
        text = trim(text.substr(1));
      paragraph_ += (paragraph_.empty() ? "" : " ") + plain(text);
    }
    after_row_ = !in_code_ && text.starts_with('|') && !is_table_rule(text);
  }

  std::vector<passage> finish() {
    if (in_code_)
      end_code();
    end_passage();
    return std::move(passages_);
  }

private:
  static std::size_t heading_level(std::string_view text) {
    auto level = std::min(text.find_first_not_of('#'), text.size());
    return level <= 6 && level < text.size() && text[level] == ' ' ? level : 0;
  }

  void heading(std::size_t level, std::string title) {
    end_passage();
    headings_.resize(std::min(headings_.size(), level - 1));
    headings_.push_back(std::move(title));
  }

  void begin_code(std::string_view text) {
    block_ = {};
    end_paragraph();
    fence_ = std::string(text.substr(0, 3));
    auto language = trim(text.substr(std::min(text.find_first_not_of("`~"), text.size())));
    block_.language = language.substr(0, language.find_first_of(" {"));
    if (!current_.sentences.empty())
      block_.lead = current_.sentences.back();
    in_code_ = true;
  }

  void end_code() {
    in_code_ = false;
    if (!trim(block_.code).empty())
      current_.blocks.push_back(std::move(block_));
  }

  void add_whole(std::string sentence) {
    if (!sentence.empty())
      current_.sentences.push_back(std::move(sentence));
    if (current_.sentences.size() >= longest_passage)
      end_passage();
  }

  void end_paragraph() {
    add_sentences(paragraph_, current_.sentences);
    paragraph_.clear();
    if (current_.sentences.size() >= longest_passage)
      end_passage();
  }

  void end_passage() {
    add_sentences(paragraph_, current_.sentences);
    paragraph_.clear();
    if (!current_.sentences.empty() || !current_.blocks.empty()) {
      current_.file = file_;
      current_.headings = headings_;
      passages_.push_back(std::move(current_));
    }
    current_ = {};
  }

  std::string file_;
  std::vector<std::string> headings_;
  std::string paragraph_;
  std::string fence_;
  code_block block_;
  passage current_;
  bool in_code_ = false;
  bool after_row_ = false;
  std::vector<passage> passages_;
};

} // namespace

std::string passage::place() const {
  std::string out;
  for (const auto& heading : headings)
    out += (out.empty() ? "" : " > ") + heading;
  return out.empty() ? file : out;
}

std::vector<passage> read_markdown(std::string_view text, const std::string& file) {
  reader parts{file};
  while (!text.empty()) {
    auto end = text.find('\n');
    parts.line(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return parts.finish();
}

} // namespace synapse::backends
