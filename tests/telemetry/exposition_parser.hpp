/// @file
/// Reads the Prometheus text format 0.0.4 strictly, so that tests compare numbers, not text.
#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace synapse::telemetry::test {

using label_set = std::map<std::string, std::string>;

struct exposition {
  std::map<std::string, std::string> types; ///< family → counter, gauge or histogram
  std::map<std::string, std::string> helps;
  std::map<std::string, std::map<label_set, double>> samples; ///< sample name → labels → value

  /// The value of a sample; a missing one fails the test.
  double value(const std::string& name, const label_set& labels = {}) const {
    auto family = samples.find(name);
    if (family != samples.end())
      if (auto sample = family->second.find(labels); sample != family->second.end())
        return sample->second;
    ADD_FAILURE() << "no sample " << name;
    return -1;
  }
  bool has(const std::string& name, const label_set& labels) const {
    auto family = samples.find(name);
    return family != samples.end() && family->second.contains(labels);
  }
};

/// Parses or fails the test: every line must be well formed, every sample must follow its family's
/// TYPE and HELP, a family's lines must be together, no sample may occur twice.
class exposition_reader {
public:
  static exposition read(std::string_view text) {
    exposition_reader reader;
    EXPECT_TRUE(text.empty() || text.back() == '\n');
    while (!text.empty()) {
      auto end = text.find('\n');
      reader.line_ = text.substr(0, end);
      reader.rest_ = reader.line_;
      reader.read_line();
      text.remove_prefix(end + 1);
    }
    return reader.result_;
  }

private:
  void fail(const char* why) { ADD_FAILURE() << why << " in: " << line_; }

  std::string name() {
    std::size_t length = 0;
    while (length < rest_.size() && (std::isalnum(static_cast<unsigned char>(rest_[length])) ||
                                     rest_[length] == '_' || rest_[length] == ':'))
      ++length;
    if (length == 0)
      fail("no name");
    std::string text(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return text;
  }

  bool accept(std::string_view text) {
    if (!rest_.starts_with(text))
      return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  void expect(std::string_view text) {
    if (!accept(text))
      fail("unexpected character");
  }

  std::string label_value() {
    std::string text;
    while (!rest_.empty() && rest_.front() != '"') {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front() == 'n' ? '\n' : rest_.front();
        if (rest_.front() != 'n' && rest_.front() != '\\' && rest_.front() != '"')
          fail("unknown escape");
        rest_.remove_prefix(1);
      }
      text += c;
    }
    expect("\"");
    return text;
  }

  void read_comment() {
    bool help = accept("# HELP ");
    if (!help)
      expect("# TYPE ");
    auto family = name();
    expect(" ");
    auto& known = help ? result_.helps : result_.types;
    if (!known.emplace(family, rest_).second)
      fail("described twice");
    if (help && !finished_.insert(family).second)
      fail("lines of a family are apart");
    current_ = family;
  }

  void read_line() {
    if (rest_.starts_with('#'))
      return read_comment();
    auto sample = name();
    label_set labels;
    if (accept("{")) {
      do {
        auto label = name();
        expect("=\"");
        if (!labels.emplace(label, label_value()).second)
          fail("label twice");
      } while (accept(","));
      expect("}");
    }
    expect(" ");
    std::string number(rest_);
    char* end = nullptr;
    double value = std::strtod(number.c_str(), &end);
    if (number.empty() || *end != '\0')
      fail("no number");
    auto type = result_.types.find(current_);
    if (type == result_.types.end() || !result_.helps.contains(current_))
      fail("sample before TYPE and HELP");
    else if (type->second == "histogram"
                 ? sample != current_ + "_bucket" && sample != current_ + "_sum" &&
                       sample != current_ + "_count"
                 : sample != current_)
      fail("sample of another family");
    if (!result_.samples[sample].emplace(std::move(labels), value).second)
      fail("sample twice");
  }

  exposition result_;
  std::set<std::string> finished_;
  std::string current_;
  std::string_view line_;
  std::string_view rest_;
};

template <class Registry>
exposition scrape(const Registry& registry) {
  std::string text;
  registry.render(text);
  return exposition_reader::read(text);
}

} // namespace synapse::telemetry::test
