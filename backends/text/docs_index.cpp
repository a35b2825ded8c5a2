#include "backends/text/docs_index.hpp"

#include "backends/text/words.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

namespace synapse::backends {

namespace fs = std::filesystem;

namespace {

constexpr double heading_factor = 2.5;
constexpr double title_effect = 2; // of a heading that is all that is asked for
constexpr double code_factor = 0.5;
constexpr double saturation = 1.2;     // BM25's k1
constexpr double length_effect = 0.75; // BM25's b

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

std::vector<std::pair<fs::path, std::string>> files_below(const fs::path& root) {
  std::vector<std::pair<fs::path, std::string>> out;
  std::error_code code;
  if (fs::is_regular_file(root, code)) {
    out.emplace_back(root, root.filename().string());
    return out;
  }
  auto options = fs::directory_options::skip_permission_denied;
  auto base = root.has_filename() ? root.filename() : root.parent_path().filename();
  for (fs::recursive_directory_iterator at(root, options, code), end; !code && at != end;
       at.increment(code)) {
    std::error_code ignored;
    if (at->path().extension() == ".md" && at->is_regular_file(ignored) &&
        at->file_size(ignored) <= docs_index::largest_file)
      out.emplace_back(at->path(), (base / at->path().lexically_relative(root)).string());
    if (out.size() >= docs_index::most_files)
      break;
  }
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

docs_index docs_index::from_paths(const std::vector<fs::path>& paths) {
  docs_index index;
  for (const auto& root : paths)
    for (const auto& [path, name] : files_below(root))
      index.add(read_markdown(read_file(path), name));
  return index;
}

void docs_index::add(std::vector<passage> passages) {
  for (auto& each : passages) {
    entry made;
    auto count = [&](std::string_view text, double factor) {
      for (auto& term : key_terms(text)) {
        made.terms[std::move(term)] += factor;
        made.length += factor;
      }
    };
    for (std::size_t i = 0; i < each.headings.size(); ++i)
      count(each.headings[i], i + 1 == each.headings.size() ? heading_factor : 1.0);
    if (!each.headings.empty())
      for (auto& term : key_terms(each.headings.back()))
        made.title.insert(std::move(term));
    for (const auto& sentence : each.sentences)
      count(sentence, 1.0);
    for (const auto& block : each.blocks)
      count(block.code, code_factor);
    made.text = std::move(each);
    for (const auto& [term, times] : made.terms)
      ++holders_[term];
    total_length_ += made.length;
    passages_.push_back(std::move(made));
  }
}

double docs_index::likeness(const std::set<std::string>& title,
                            const std::set<std::string>& asked) const {
  double both = 0;
  double all = 0;
  for (const auto& term : title) {
    all += weight(term);
    both += asked.contains(term) ? weight(term) : 0;
  }
  for (const auto& term : asked)
    all += title.contains(term) ? 0 : weight(term);
  return all > 0 ? both / all : 0;
}

double docs_index::weight(const std::string& term) const {
  auto found = holders_.find(term);
  if (found == holders_.end())
    return 0;
  auto with = static_cast<double>(found->second);
  auto all = static_cast<double>(passages_.size());
  return std::log(1.0 + (all - with + 0.5) / (with + 0.5));
}

std::vector<docs_index::hit> docs_index::search(const std::vector<std::string>& terms,
                                                std::size_t limit, bool code_only) const {
  std::set<std::string> unique(terms.begin(), terms.end());
  // A term nobody mentions counts as fully missed, so that questions about something else are
  // known by their low coverage.
  auto unknown = std::log(1.0 + (static_cast<double>(passages_.size()) + 0.5) / 0.5);
  double asked = 0;
  for (const auto& term : unique)
    asked += holders_.contains(term) ? weight(term) : unknown;
  auto average = passages_.empty() ? 1.0 : total_length_ / static_cast<double>(passages_.size());
  std::vector<hit> hits;
  for (const auto& each : passages_) {
    if (code_only && each.text.blocks.empty())
      continue;
    double score = 0;
    double met = 0;
    for (const auto& term : unique) {
      auto found = each.terms.find(term);
      if (found == each.terms.end())
        continue;
      auto times = found->second;
      auto rarity = weight(term);
      met += rarity;
      score += rarity * times * (saturation + 1) /
               (times + saturation * (1 - length_effect + length_effect * each.length / average));
    }
    // A section that is called what is asked for is about it; others only mention it.
    if (score > 0)
      score *= 1 + title_effect * likeness(each.title, unique);
    if (score > 0)
      hits.push_back({&each.text, score, asked > 0 ? met / asked : 0});
  }
  std::stable_sort(hits.begin(), hits.end(),
                   [](const hit& a, const hit& b) { return a.score > b.score; });
  if (hits.size() > limit)
    hits.resize(limit);
  return hits;
}

std::vector<std::string> docs_index::titles(std::size_t limit) const {
  std::vector<std::string> out;
  for (const auto& each : passages_) {
    auto title = each.text.headings.empty() ? each.text.file : each.text.headings.front();
    if (std::find(out.begin(), out.end(), title) == out.end())
      out.push_back(std::move(title));
    if (out.size() >= limit)
      break;
  }
  return out;
}

} // namespace synapse::backends
