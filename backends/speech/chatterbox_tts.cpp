#include "backends/speech/chatterbox_tts.hpp"

#include "backends/engine/media.hpp"
#include "backends/speech/upload_check.hpp"
#include "backends/web/validation.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace synapse::backends {

namespace {

constexpr auto not_loaded = "TTS engine model is not currently loaded or available.";

std::string media_type(const std::string& format) {
  return "audio/" + format;
}

std::string timestamp() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

// As in `tts_output_T08_E13_W05_…`: the tenths of the settings.
std::string tenths(double value) {
  auto rounded = std::to_string(std::lround(std::clamp(value, 0.0, 9.9) * 10));
  return rounded.size() < 2 ? "0" + rounded : rounded;
}

std::vector<const form_part*> files_of(const form& sent) {
  std::vector<const form_part*> out;
  for (const auto& part : sent.parts())
    if (part.name == "files" && part.is_file)
      out.push_back(&part);
  validation wrong;
  if (out.empty())
    wrong.add("missing", "files", "Field required", nullptr);
  wrong.check();
  return out;
}

void add_upload_error(json& errors, const std::string& filename, const std::string& problem) {
  errors.push_back({{"filename", filename}, {"error", problem}});
}

} // namespace

// One text to be spoken: by a predefined voice, or like a file of somebody's voice.
struct chatterbox_tts::wanted {
  speech_order order;
  std::string reference; ///< path of the file, empty: the voice of the order
  std::shared_ptr<private_folder> held;
  std::string filename; ///< of the answer
};

chatterbox_tts::chatterbox_tts(chatterbox_options options)
    : options_(std::move(options)),
      missing_(missing_programs(
          {options_.programs.flite, options_.programs.espeak, options_.programs.ffmpeg})),
      loaded_(!options_.load_fails), references_(options_.programs.temporary),
      more_voices_(options_.programs.temporary) {
  add_route("POST", "/tts", [this](const request& in, exchange& out) { return tts(in, out); });
  add_route("POST", "/v1/audio/speech",
            [this](const request& in, exchange& out) { return speech(in, out); });
  add_route("POST", "/upload_reference",
            [this](const request& in, exchange& out) { return upload(in, out, false); });
  add_route("POST", "/upload_predefined_voice",
            [this](const request& in, exchange& out) { return upload(in, out, true); });
  add_state_routes();
}

asio::awaitable<void> chatterbox_tts::handle(const request& in, exchange& out) {
  if (out.plan().lose_references) {
    references_.lose();
    more_voices_.lose();
  }
  if (options_.blocks_while_speaking) {
    bool free = co_await turns_.enter(out);
    if (!free)
      co_return;
    turns_.leave();
  }
  co_await fastapi_service::handle(in, out);
}

std::vector<std::string> chatterbox_tts::notices() const {
  return missing_;
}

response chatterbox_tts::loading_answer() const {
  return error_answer(503, not_loaded);
}

void chatterbox_tts::require_model() const {
  if (!missing_.empty())
    throw http_problem(503, std::string(not_loaded) + " (" + missing_.front() + ")");
  if (!loaded_)
    throw http_problem(503, not_loaded);
}

void chatterbox_tts::choose_voice(wanted& what, const std::string& file,
                                  const reference_store& store, bool shipped_too) const {
  const auto* shipped = shipped_too ? find_predefined(file) : nullptr;
  if (!shipped) {
    what.reference = store.path_of(file);
    what.held = store.hold();
    return;
  }
  what.order.voice.flite = shipped->flite;
  what.order.voice.variant = shipped->variant;
  what.order.voice.pitch = shipped->pitch;
}

chatterbox_tts::wanted chatterbox_tts::read_tts(const request& in) const {
  json_reader fields{in};
  wanted what;
  what.order.text = fields.required_text("text", 1);
  bool clone = fields.choice("voice_mode", {"predefined", "clone"}) == "clone";
  auto voice = fields.text("predefined_voice_id").value_or("");
  auto reference = fields.text("reference_audio_filename").value_or("");
  what.order.format = fields.choice("output_format", {"wav", "opus", "mp3"});
  fields.boolean("split_text", true);
  fields.integer("chunk_size", 120, 50, 500);
  what.filename = "tts_output_T" + tenths(fields.number("temperature", 0.8));
  what.filename += "_E" + tenths(fields.number("exaggeration", 1.3));
  what.filename += "_W" + tenths(fields.number("cfg_weight", 0.5));
  what.filename += "_" + timestamp() + "." + what.order.format;
  fields.number("seed", 0);
  what.order.speed = fields.number("speed_factor", 1.0);
  what.order.language = fields.text("language").value_or("en");
  fields.check();
  require_model();
  const auto& file = clone ? reference : voice;
  const auto& store = clone ? references_ : more_voices_;
  if (file.empty())
    throw http_problem(400, clone ? "Missing 'reference_audio_filename' for 'clone' voice mode."
                                  : "Missing 'predefined_voice_id' for 'predefined' voice mode.");
  if (!store.has(file) && (clone || !find_predefined(file)))
    throw http_problem(404, (clone ? "Reference audio file '" : "Predefined voice file '") + file +
                                "' not found.");
  choose_voice(what, file, store, !clone);
  return what;
}

chatterbox_tts::wanted chatterbox_tts::read_speech(const request& in) const {
  json_reader fields{in};
  wanted what;
  what.order.text = fields.required_text("input", 0);
  auto voice = fields.required_text("voice", 0);
  what.order.format = fields.choice("response_format", {"wav", "opus", "mp3"});
  what.order.speed = fields.number("speed", 1.0);
  fields.number("seed", 0);
  fields.check();
  const auto& store = more_voices_.has(voice) ? more_voices_ : references_;
  if (!store.has(voice) && !find_predefined(voice))
    throw http_problem(404, "Voice file '" + voice + "' not found.");
  choose_voice(what, voice, store, true);
  require_model();
  return what;
}

asio::awaitable<void> chatterbox_tts::tts(const request& in, exchange& out) {
  auto what = read_tts(in);
  response answer;
  answer.content_type = media_type(what.order.format);
  answer.headers.emplace_back("Content-Disposition",
                              "attachment; filename=\"" + what.filename + "\"");
  answer.body = co_await synthesize(what, out);
  if (!out.gone())
    co_await out.reply(std::move(answer));
}

asio::awaitable<void> chatterbox_tts::speech(const request& in, exchange& out) {
  auto what = read_speech(in);
  response answer;
  answer.content_type = media_type(what.order.format);
  std::optional<http_problem> failed;
  try {
    answer.body = co_await synthesize(what, out);
  } catch (const http_problem& problem) {
    failed = problem;
  }
  // The real server catches its own errors and wraps them once more.
  if (failed)
    throw http_problem(500,
                       std::to_string(failed->status) + ": " + failed->detail.get<std::string>());
  if (!out.gone())
    co_await out.reply(std::move(answer));
}

std::string chatterbox_tts::speak_now(wanted& what, const stop_signal& stop) const {
  const auto& programs = options_.programs;
  if (!what.reference.empty()) {
    auto checked = check_reference(what.reference, programs, stop);
    if (!checked.problem.empty())
      throw http_problem(400, "Invalid reference audio: " + checked.problem);
    what.order.voice = nearest_voice(checked.pitch);
  }
  if (!is_speakable(what.order.text))
    throw http_problem(400, "Text processing resulted in no usable chunks.");
  if (!is_spoken(what.order.language))
    throw http_problem(500, "TTS engine failed to synthesize audio for chunk 1.");
  try {
    return speak(what.order, programs, stop);
  } catch (const engine_error& error) {
    throw http_problem(500, std::string("Error processing audio chunk 1: ") + error.what());
  }
}

asio::awaitable<std::string> chatterbox_tts::synthesize(wanted& what, exchange& out) {
  bool inside = co_await turns_.enter(out);
  if (!inside)
    co_return std::string();
  turnstile_pass mine{turns_};
  auto delay = out.plan().synthesis_delay.value_or(std::chrono::milliseconds(0));
  auto until = exchange::clock::now() + delay;
  while (!out.gone() && exchange::clock::now() < until)
    co_await out.pause_until(until);
  auto work = [this, &what](const stop_signal& stop) { return speak_now(what, stop); };
  auto bytes = co_await compute(out, std::move(work));
  co_return bytes;
}

asio::awaitable<std::string> chatterbox_tts::check_upload(const reference_store& store,
                                                          const std::string& name, exchange& out) {
  if (!options_.check_uploads || !missing_.empty())
    co_return std::string();
  auto path = store.path_of(name);
  auto work = [this, path, held = store.hold()](const stop_signal& stop) {
    return check_reference(path, options_.programs, stop);
  };
  auto checked = co_await compute(out, std::move(work));
  co_return checked.problem;
}

asio::awaitable<void> chatterbox_tts::upload(const request& in, exchange& out, bool predefined) {
  auto sent = form::of(in);
  auto files = files_of(sent);
  auto& store = predefined ? more_voices_ : references_;
  json kept = json::array();
  json errors = json::array();
  for (const auto* file : files) {
    auto name = sanitized_name(file->filename);
    auto problem = upload_name_problem(file->filename, name);
    // What is there stays as it is, and is listed as if it had been taken.
    bool is_new = !store.has(name) && !(predefined && find_predefined(name));
    if (problem.empty() && is_new) {
      store.add(name, file->data);
      problem = co_await check_upload(store, name, out);
      if (!problem.empty())
        store.remove(name);
    }
    if (problem.empty())
      kept.push_back(name);
    else
      add_upload_error(errors, file->filename, problem);
  }
  auto answer = upload_answer(files.size(), std::move(kept), std::move(errors), predefined);
  if (!out.gone())
    co_await out.reply(std::move(answer));
}

response chatterbox_tts::upload_answer(std::size_t files, json kept, json errors,
                                       bool predefined) const {
  bool all_failed = kept.empty();
  json body = {{"message", "Processed " + std::to_string(files) + " file(s)."},
               {"uploaded_files", std::move(kept)}};
  body[predefined ? "all_predefined_voices" : "all_reference_files"] =
      predefined ? predefined_list() : json(references_.names());
  body["errors"] = std::move(errors);
  return json_answer(body, all_failed ? 400 : 200);
}

} // namespace synapse::backends
