<?php

use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Route;

Route::get('/healthz', fn () => ['status' => 'ok', 'version' => getenv('APP_VERSION')]);

Route::get('/', fn () => [
    'version' => getenv('APP_VERSION'),
    'batch' => DB::table('migrations')->max('batch'),
    'courses' => DB::table('courses')
        ->orderBy('title')
        ->get(getenv('APP_VERSION') === 'v1' ? ['title', 'teacher'] : ['title', 'teacher', 'level']),
]);
