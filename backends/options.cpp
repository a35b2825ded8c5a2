#include "backends/options.hpp"

#include "backends/option_table.hpp"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <system_error>
#include <utility>

namespace synapse::backends {

namespace fs = std::filesystem;

namespace {

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

std::string unknown_option(std::string_view name, const std::vector<option_row>& rows) {
  auto nearest = std::min_element(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
    return distance(name, a.name) < distance(name, b.name);
  });
  return "unknown option --" + std::string(name) + ", did you mean --" + nearest->name + "?";
}

// Where the project's documents are if nobody says: here, installed, or beside the build.
std::vector<fs::path> default_docs() {
  std::error_code code;
  std::vector<fs::path> roots{"."};
  auto program = fs::read_symlink("/proc/self/exe", code);
  if (!code) {
    const auto prefix = program.parent_path().parent_path();
    roots.push_back(prefix / "share/synapse-local-backends");
    roots.push_back(prefix.parent_path());
  }
  for (const auto& root : roots) {
    std::vector<fs::path> found;
    for (auto name : {"README.md", "docs"})
      if (fs::exists(root / name, code))
        found.push_back(root / name);
    if (!found.empty())
      return found;
  }
  return {};
}

command_line refuse(std::string problem) {
  command_line out;
  out.what = command_line::action::refuse;
  out.problem = std::move(problem);
  return out;
}

// The stand-ins answer from the same documents, and as fast unless it is said otherwise.
void share_with_standins(gathered_options& all) {
  all.ollama.words.docs = all.vllm.words.docs = all.router.docs;
  all.ollama.speed = all.vllm.speed = all.router.speed;
  auto speed = all.router.speed.tokens_per_second;
  all.ollama.speed.tokens_per_second = all.ollama_speed.value_or(speed);
  all.vllm.speed.tokens_per_second = all.vllm_speed.value_or(speed);
  // Ollama looks at the Host field only where it listens on loopback.
  const auto& host = all.result.host.host;
  all.ollama.check_host =
      all.ollama.check_host && (host.starts_with("127.") || host == "localhost" || host == "::1");
}

command_line put_together(gathered_options all) {
  if (all.router.docs.empty())
    all.router.docs = default_docs();
  for (auto* each : {&all.chatterbox.programs, &all.whisper.programs, &all.pyannote.programs,
                     &all.deepfilter.programs, &all.speaches.programs, &all.piper.programs})
    *each = all.programs;
  share_with_standins(all);
  all.pyannote.shape = all.deepfilter.shape = all.shape;
  bool any = false;
  auto put = [&](const std::string& name, auto& into, const auto& options) {
    auto& place = all.places.at(name);
    if (!place.port)
      return;
    any = true;
    into.emplace(host_options::listening{*place.port, std::move(place.wrong)}, options);
  };
  auto& host = all.result.host;
  put("llama-embed", host.llama_embed, all.embed);
  put("llama-router", host.llama_router, all.router);
  put("chatterbox-tts", host.chatterbox_tts, all.chatterbox);
  put("whisper-stt", host.whisper_stt, all.whisper);
  put("pyannote-speaker", host.pyannote_speaker, all.pyannote);
  put("deepfilter-audio", host.deepfilter_audio, all.deepfilter);
  put("ollama", host.ollama, all.ollama);
  put("vllm", host.vllm, all.vllm);
  put("speaches", host.speaches, all.speaches);
  put("piper", host.piper, all.piper);
  if (!any && all.result.what == command_line::action::run)
    return refuse("every service is off");
  return std::move(all.result);
}

} // namespace

command_line parse_command_line(const std::vector<std::string>& arguments) {
  auto rows = all_options();
  gathered_options all;
  all.router.pool.models = default_models();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& argument = arguments[i];
    if (!argument.starts_with("--"))
      return refuse("unexpected argument '" + argument + "'");
    auto equals = argument.find('=');
    auto name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    auto row = std::find_if(rows.begin(), rows.end(),
                            [&](const option_row& each) { return each.name == name; });
    if (row == rows.end())
      return refuse(unknown_option(name, rows));
    std::string value;
    if (row->value.empty()) {
      if (equals != std::string::npos)
        return refuse("--" + name + " takes no value");
    } else if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return refuse("--" + name + " needs a value");
    }
    auto problem = row->read(all, value);
    if (!problem.empty())
      return refuse(problem.insert(0, ": ").insert(0, name).insert(0, "--"));
  }
  return put_together(std::move(all));
}

std::string help_text() {
  std::string out =
      "Usage: synapse-backends [options]\n\n"
      "Serves local backends that need no GPU: embeddings and chat as llama.cpp's "
      "server speaks them,\nspeech as Chatterbox does, recognition, speakers and "
      "audio as the services of the reference project;\non request, stand-ins for Ollama, "
      "vLLM, Speaches and Piper (--with).\n\nOptions:\n";
  for (const auto& row : all_options()) {
    auto left = "  --" + row.name + (row.value.empty() ? "" : " " + row.value);
    left.resize(std::max<std::size_t>(left.size(), 31), ' ');
    out += left + " " + row.help + "\n";
  }
  return out +
         "\nA misbehavior SPEC is a comma-separated list, then optionally @ and a path "
         "prefix:\n" +
         misbehavior_help();
}

} // namespace synapse::backends
