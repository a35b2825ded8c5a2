#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// A fenced code block with what the text around it says about it.
struct code_block {
  std::string language;
  std::string code;
  std::string lead; ///< the paragraph before it
};

/// A part of a document small enough to be one search result.
struct passage {
  std::string file;
  std::vector<std::string> headings; ///< from the document's title down
  std::vector<std::string> sentences;
  std::vector<code_block> blocks;

  /// @returns the headings as "Title > Section", or the file's name.
  std::string place() const;
};

/// Reads a Markdown document. Markup is taken off, inline code keeps its back ticks.
/// @param file the name to quote it by
std::vector<passage> read_markdown(std::string_view text, const std::string& file);

} // namespace synapse::backends
