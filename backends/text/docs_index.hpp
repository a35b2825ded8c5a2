#pragma once

#include "backends/text/markdown.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace synapse::backends {

/// Ranks passages by BM25 over word stems.
class docs_index {
public:
  struct hit {
    const passage* where;
    double score;
    double coverage; ///< share of the question's weight that the passage mentions, 0 to 1
  };

  /// Indexes the Markdown files of each folder (and its folders) or the files themselves, in the
  /// order of their names, at most `most_files`; what cannot be read is left out.
  static docs_index from_paths(const std::vector<std::filesystem::path>& paths);

  void add(std::vector<passage> passages);

  /// @param code_only ranks by and returns only passages with code blocks
  /// @returns the best passages, best first, at most `limit`.
  std::vector<hit> search(const std::vector<std::string>& terms, std::size_t limit,
                          bool code_only) const;

  /// @returns how much a term tells, 0 for a term no passage holds.
  double weight(const std::string& term) const;

  std::size_t size() const { return passages_.size(); }

  /// @returns the documents' titles, at most `limit`.
  std::vector<std::string> titles(std::size_t limit) const;

  static constexpr std::size_t most_files = 2000;
  static constexpr std::size_t largest_file = 1024 * 1024;

private:
  struct entry {
    passage text;
    std::set<std::string> title; ///< terms of the innermost heading
    std::unordered_map<std::string, double> terms;
    double length = 0;
  };

  /// Share of the weight of both that both have, 0 to 1.
  double likeness(const std::set<std::string>& title, const std::set<std::string>& asked) const;

  std::vector<entry> passages_;
  std::unordered_map<std::string, std::size_t> holders_; ///< passages per term
  double total_length_ = 0;
};

} // namespace synapse::backends
