<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Schema;

// Fails half way: one course has no teacher. MySQL has no transactions around such statements, so the column `room` stays.
return new class extends Migration
{
    public function up(): void
    {
        if (! Schema::hasColumn('courses', 'room')) {
            Schema::table('courses', fn (Blueprint $table) => $table->string('room')->nullable());
        }
        DB::statement('ALTER TABLE courses MODIFY teacher VARCHAR(255) NOT NULL');
    }

    public function down(): void
    {
        DB::statement('ALTER TABLE courses MODIFY teacher VARCHAR(255) NULL');
        Schema::table('courses', fn (Blueprint $table) => $table->dropColumn('room'));
    }
};
